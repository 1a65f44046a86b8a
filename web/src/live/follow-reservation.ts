import { ProblemError } from '../services/problem';
import { getReservation, reservationPath, withDeadline, type Timed } from '../services/reservations';
import { pause } from '../services/retry';
import { openStream } from '../services/stream';
import type { EventRef, Reservation, ReservationStatus } from '../services/types';

const FINAL: ReadonlySet<ReservationStatus> = new Set(['confirmed', 'rejected', 'cancelled', 'expired', 'refunded']);
const LEAST_PAUSE_MS = 1_000;
const AFTER_ERROR_MS = 2_000;
/** Polls while the stream is open, because a stream can fail without an error. */
const POLL_MS = 20_000;

/** Whether the status can no longer change. */
export function isFinal(status: ReservationStatus): boolean {
  return FINAL.has(status);
}

export interface ReservationHandlers {
  onState(timed: Timed): void;
  /** The server knows no such reservation, or refuses to show it: following has ended. */
  onRefused(error: ProblemError): void;
  onLink(up: boolean): void;
}

/**
 * Follows a reservation to its final state while the tab is visible: by stream, and by long polling while the stream
 * is down. A hidden tab keeps no connection, of which browsers allow few, and asks anew when it is seen again.
 */
export function followReservation(event: EventRef, id: string, handlers: ReservationHandlers): () => void {
  const end = new AbortController();
  let connection: AbortController | undefined;
  let revision = -1;
  const stop = () => {
    end.abort();
    connection?.abort();
    document.removeEventListener('visibilitychange', onVisibility);
  };
  const take = (timed: Timed) => {
    if (end.signal.aborted) return;
    handlers.onLink(true);
    // The stream may deliver a newer state before a slow response arrives: never go back to an older state.
    if (timed.reservation.revision < revision) return;
    revision = timed.reservation.revision;
    handlers.onState(timed);
    if (isFinal(timed.reservation.status)) stop();
  };
  const refuse = (error: ProblemError) => {
    if (end.signal.aborted) return;
    stop();
    handlers.onRefused(error);
  };
  const onVisibility = () => {
    connection?.abort();
    connection = new AbortController();
    if (!document.hidden) connect(event, id, connection.signal, { take, refuse, down: () => handlers.onLink(false) });
  };
  document.addEventListener('visibilitychange', onVisibility);
  onVisibility();
  return stop;
}

interface Taker {
  take(timed: Timed): void;
  refuse(error: ProblemError): void;
  down(): void;
}

function connect(event: EventRef, id: string, signal: AbortSignal, taker: Taker): void {
  let polling: AbortController | undefined;
  const startPolling = () => {
    if (polling || signal.aborted) return;
    polling = new AbortController();
    void pollUntil(AbortSignal.any([polling.signal, signal]), event, id, taker);
  };
  const stream = openStream(reservationPath(event, id), ['reservation'], {
    onOpen: () => {
      polling?.abort();
      polling = undefined;
    },
    onEvent: (_, data) => {
      if (isReservation(data)) taker.take(withDeadline(data, performance.now()));
    },
    onBreak: startPolling,
  });
  const poll = setInterval(() => void getReservation(event, id, false, signal).then(taker.take, startPolling), POLL_MS);
  signal.addEventListener('abort', () => {
    stream.close();
    clearInterval(poll);
  });
}

async function pollUntil(signal: AbortSignal, event: EventRef, id: string, taker: Taker): Promise<void> {
  let known: string | undefined;
  while (!signal.aborted) {
    const asked = performance.now();
    try {
      const timed = await getReservation(event, id, known !== undefined, signal);
      if (signal.aborted) return;
      known = timed.reservation.status;
      taker.take(timed);
      await pause(Math.max(0, LEAST_PAUSE_MS - (performance.now() - asked)), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ProblemError && error.problem.status === 404) return taker.refuse(error);
      taker.down();
      await pause(AFTER_ERROR_MS, signal).catch(() => undefined);
    }
  }
}

function isReservation(data: unknown): data is Reservation {
  return typeof data === 'object' && data !== null && 'status' in data && 'id' in data;
}
