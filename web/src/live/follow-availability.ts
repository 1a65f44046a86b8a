import { eventPath, getAvailability } from '../services/events';
import { openStream, type Stream } from '../services/stream';
import type { AvailabilityDelta, EventRef } from '../services/types';
import type { Board, Change } from './board';

/** `live`: changes arrive as they happen; `polling`: every few seconds; `offline`: the last answer failed. */
export type Link = 'connecting' | 'live' | 'polling' | 'offline';

const POLL_MS = 3_000;
/**
 * Polls while the stream is open, because a stream can fail without an error. An unchanged snapshot costs an empty
 * response.
 */
const SLOW_POLL_MS = 30_000;
const REOPEN_MS = 5_000;
const REOPEN_LONGEST_MS = 60_000;

/** Keeps a board current while the tab is visible, by stream where possible, else by polling. */
export class AvailabilityFollower {
  private stream: Stream | undefined;
  private link: Link = 'connecting';
  private etag: string | null = null;
  private loading: AbortController | undefined;
  private loadAgain = false;
  private waiting: AvailabilityDelta[] = [];
  private pollTimer: ReturnType<typeof setTimeout> | undefined;
  private reopenTimer: ReturnType<typeof setTimeout> | undefined;
  private reopenMs = REOPEN_MS;

  constructor(
    private readonly event: EventRef,
    private readonly board: Board,
    private readonly onChange: (changes: Change[]) => void,
    private readonly onLink: (link: Link) => void,
  ) {}

  start(): void {
    document.addEventListener('visibilitychange', this.onVisibility);
    if (!document.hidden) this.connect();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.disconnect();
  }

  /** Loads the snapshot now, or once more when a load is under way. */
  reload(): void {
    if (this.loading) this.loadAgain = true;
    else void this.load();
  }

  private readonly onVisibility = () => {
    if (document.hidden) this.disconnect();
    else this.connect();
  };

  private connect(): void {
    this.disconnect();
    this.setLink('connecting');
    this.reload();
    this.openStream();
    this.schedulePoll();
  }

  private disconnect(): void {
    this.stream?.close();
    this.stream = undefined;
    clearTimeout(this.pollTimer);
    clearTimeout(this.reopenTimer);
    this.loading?.abort();
    this.loading = undefined;
    this.loadAgain = false;
    this.waiting = [];
  }

  private openStream(): void {
    this.stream?.close();
    this.stream = openStream(`${eventPath(this.event)}/stream`, ['availability', 'resync'], {
      onOpen: () => {
        this.reopenMs = REOPEN_MS;
        this.setLink('live');
        this.reload();
      },
      onEvent: (name, data) => {
        if (name === 'resync' || !isDelta(data)) this.reload();
        else this.take(data);
      },
      onBreak: (closed) => {
        // The browser retries the stream by itself. That must neither delay the polls nor hide that they fail.
        if (this.link !== 'offline') this.setLink('polling');
        if (closed) this.reopenLater();
      },
    });
  }

  private reopenLater(): void {
    clearTimeout(this.reopenTimer);
    this.reopenTimer = setTimeout(() => this.openStream(), this.reopenMs * (0.5 + Math.random()));
    this.reopenMs = Math.min(this.reopenMs * 2, REOPEN_LONGEST_MS);
  }

  private schedulePoll(): void {
    clearTimeout(this.pollTimer);
    const waitMs = isStreaming(this.link) ? SLOW_POLL_MS : POLL_MS * (0.75 + Math.random() / 2);
    this.pollTimer = setTimeout(() => {
      this.reload();
      this.schedulePoll();
    }, waitMs);
  }

  private take(delta: AvailabilityDelta): void {
    // While a snapshot loads, a delta may be older or newer than it. Keep the delta until both have arrived.
    if (this.loading) {
      this.waiting.push(delta);
      return;
    }
    const { changes, gap } = this.board.apply(delta);
    if (changes.length > 0) this.onChange(changes);
    if (gap) this.reload();
  }

  private async load(): Promise<void> {
    const loading = new AbortController();
    this.loading = loading;
    this.loadAgain = false;
    try {
      const { availability, etag } = await getAvailability(this.event, this.etag, loading.signal);
      this.etag = etag;
      if (availability) {
        const changes = this.board.load(availability);
        if (changes.length > 0) this.onChange(changes);
      }
      if (this.link === 'offline') this.setLink('polling');
    } catch {
      if (!loading.signal.aborted && this.link !== 'live') this.setLink('offline');
    }
    if (this.loading === loading) this.finishLoad();
  }

  private finishLoad(): void {
    this.loading = undefined;
    const waiting = this.waiting;
    this.waiting = [];
    for (const delta of waiting) this.take(delta);
    if (this.loadAgain) this.reload();
  }

  private setLink(link: Link): void {
    if (this.link === link) return;
    const isOtherPace = isStreaming(link) !== isStreaming(this.link);
    this.link = link;
    this.onLink(link);
    if (isOtherPace) this.schedulePoll();
  }
}

function isStreaming(link: Link): boolean {
  return link === 'live' || link === 'connecting';
}

function isDelta(data: unknown): data is AvailabilityDelta {
  return typeof data === 'object' && data !== null && Array.isArray((data as AvailabilityDelta).sections);
}
