import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Board, type Change } from './board';
import { AvailabilityFollower, type Link } from './follow-availability';

/** An EventSource under the test's control. */
class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static last: FakeSource;
  static made = 0;
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    super();
    FakeSource.last = this;
    FakeSource.made += 1;
  }

  open(): void {
    this.onopen?.();
  }

  emit(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }

  breakDown(closed: boolean): void {
    this.readyState = closed ? 2 : 0;
    this.onerror?.();
  }

  close(): void {
    this.readyState = 2;
  }
}

const delta = (version: number, ticket: number) => ({
  sections: [{ number: 1, version, available: 5, changes: [{ state: 'held', tickets: [ticket] }] }],
});

let answers: ((version: number, taken: number[]) => void)[];
let requests: Headers[];
let follower: AvailabilityFollower;
let board: Board;
let changes: Change[];
let link: Link;

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  requests = [];
  changes = [];
  FakeSource.made = 0;
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    requests.push(new Headers(init.headers));
    return new Promise<Response>((resolve) => {
      answers.push((version, taken) => {
        const body = { server_now: '2026-01-01T00:00:00Z', sections: [{ number: 1, version, available: 5, taken }] };
        resolve(new Response(JSON.stringify(body), { headers: { etag: `"${version}"` } }));
      });
    });
  });
  board = new Board();
  follower = new AvailabilityFollower('1', board, (more) => changes.push(...more), (now) => (link = now));
  follower.start();
});

afterEach(() => {
  follower.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function answer(version: number, taken: number[]): Promise<void> {
  answers.shift()?.(version, taken);
  await vi.advanceTimersByTimeAsync(0);
}

test('a delta that overtakes the snapshot is kept until the snapshot is here', async () => {
  FakeSource.last.open();
  FakeSource.last.emit('availability', delta(8, 12));
  expect(changes).toEqual([]);
  await answer(7, [3]);
  expect(changes).toEqual([
    [3, 'taken'],
    [12, 'held'],
  ]);
  expect(link).toBe('live');
});

test('a gap loads the snapshot again, under the ETag of the last one', async () => {
  await answer(7, []);
  FakeSource.last.open();
  await answer(7, []);
  const before = requests.length;
  FakeSource.last.emit('availability', delta(9, 12));
  expect(requests).toHaveLength(before + 1);
  expect(requests.at(-1)?.get('if-none-match')).toBe('"7"');
  await answer(9, [12, 13]);
  expect(board.stateOf(1, 13)).toBe('taken');
});

test('the server may ask for a new start', async () => {
  await answer(7, []);
  const before = requests.length;
  FakeSource.last.emit('resync', {});
  expect(requests).toHaveLength(before + 1);
});

test('while the stream is down it polls, and opens the stream again when the browser gave up', async () => {
  await answer(7, []);
  FakeSource.last.breakDown(true);
  expect(link).toBe('polling');
  const before = requests.length;
  await vi.advanceTimersByTimeAsync(4_000);
  expect(requests.length).toBeGreaterThan(before);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(FakeSource.made).toBe(2);
});

test('a stream that breaks again and again does not keep it from polling', async () => {
  await answer(7, []);
  const before = requests.length;
  for (let breaks = 0; breaks < 5; breaks++) {
    FakeSource.last.breakDown(false);
    await vi.advanceTimersByTimeAsync(2_000);
    await answer(7, []);
  }
  expect(requests.length).toBeGreaterThan(before + 1);
});

test('it says that it is offline until an answer comes, whatever the stream does', async () => {
  await answer(7, []);
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('away')));
  FakeSource.last.breakDown(false);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(link).toBe('offline');
  FakeSource.last.breakDown(false);
  expect(link).toBe('offline');
});

test('nothing is asked while the tab is hidden, and everything anew when it is seen again', async () => {
  await answer(7, []);
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  document.dispatchEvent(new Event('visibilitychange'));
  const before = requests.length;
  expect(FakeSource.last.readyState).toBe(FakeSource.CLOSED);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(requests).toHaveLength(before);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(requests).toHaveLength(before + 1);
  expect(FakeSource.made).toBe(2);
});
