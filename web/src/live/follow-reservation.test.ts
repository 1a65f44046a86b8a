import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followReservation, type ReservationHandlers } from './follow-reservation';

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    super();
    FakeSource.all.push(this);
  }

  say(status: string, revision: number): void {
    const data = JSON.stringify({ id: 'r', status, revision, tickets: [], expires_in_ms: null });
    this.dispatchEvent(new MessageEvent('reservation', { data }));
  }

  close(): void {
    this.readyState = 2;
  }
}

let asked: ((status: number, state: string, revision: number) => void)[];
let states: string[];
let handlers: ReservationHandlers & { refused: number };
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.all = [];
  asked = [];
  states = [];
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('fetch', () => {
    return new Promise<Response>((resolve) => {
      asked.push((status, state, revision) => {
        const body = { id: 'r', status: state, revision, tickets: [], expires_in_ms: null, server_now: '2026-01-01T00:00:00Z' };
        resolve(new Response(JSON.stringify(body), { status }));
      });
    });
  });
  handlers = {
    refused: 0,
    onState: ({ reservation }) => states.push(reservation.status),
    onRefused: () => (handlers.refused += 1),
    onLink: () => undefined,
  };
  stop = followReservation('1', 'r', handlers);
});

afterEach(() => {
  stop();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const last = () => FakeSource.all.at(-1) as FakeSource;
const settle = () => vi.advanceTimersByTimeAsync(0);

test('the stream is followed to a final state and then closed', () => {
  last().onopen?.();
  last().say('pending', 0);
  last().say('held', 1);
  last().say('confirmed', 3);
  last().say('expired', 4);
  expect(states).toEqual(['pending', 'held', 'confirmed']);
  expect(last().readyState).toBe(FakeSource.CLOSED);
});

test('an answer that the stream overtook does not bring an old state back', async () => {
  last().onerror?.();
  last().say('confirmed', 3);
  asked.shift()?.(200, 'held', 1);
  await settle();
  expect(states).toEqual(['confirmed']);
});

test('polling goes on while the stream is down, and ends when it is back', async () => {
  last().onerror?.();
  asked.shift()?.(200, 'pending', 0);
  await vi.advanceTimersByTimeAsync(1_100);
  asked.shift()?.(503, '', 0);
  await vi.advanceTimersByTimeAsync(2_100);
  expect(asked).toHaveLength(1);
  last().onopen?.();
  asked.shift()?.(200, 'held', 1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked).toHaveLength(0);
  last().say('held', 1);
  expect(states).toEqual(['pending', 'held']);
});

test('an id that was never issued is refused once', async () => {
  last().readyState = FakeSource.CLOSED;
  last().onerror?.();
  asked.shift()?.(404, '', 0);
  await settle();
  expect(handlers.refused).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(0);
});

test('a hidden tab keeps no connection, and a tab that is seen again asks anew', async () => {
  last().onopen?.();
  last().say('held', 1);
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(last().readyState).toBe(FakeSource.CLOSED);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(0);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(FakeSource.all).toHaveLength(2);
  last().say('expired', 2);
  expect(states).toEqual(['held', 'expired']);
});
