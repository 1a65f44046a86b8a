import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { assertive } from '../services/announce';
import { learnServerTime, serverNowMs } from '../services/clock';
import { HoldClock } from './hold-clock';
import { SaleCountdown } from './sale-countdown';

const STEP_MS = 250;

let root: HTMLElement;

beforeEach(() => {
  vi.useFakeTimers();
  learnServerTime(new Date(Date.now()).toISOString(), performance.now());
  assertive.value = '';
  root = document.body.appendChild(document.createElement('div'));
});

afterEach(() => {
  render(null, root);
  root.remove();
  vi.useRealTimers();
});

/** Advances time in steps as short as a browser's frames. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) await act(() => vi.advanceTimersByTimeAsync(Math.min(left, STEP_MS)).then(() => undefined));
}

const shown = () => root.querySelector('.ticking')?.textContent;

test('a hold is counted down for the eye each second, and spoken at 60 and 20 seconds only', async () => {
  const said: string[] = [];
  const stop = assertive.subscribe((text) => text !== '' && said.push(text));
  const onZero = vi.fn();
  await act(() => render(<HoldClock deadline={performance.now() + 62_500} holdSeconds={120} onZero={onZero} />, root));
  expect(shown()).toBe('1:03');
  await pass(2_000);
  expect(shown()).toBe('1:01');
  expect(said).toEqual([]);
  await pass(2_000);
  expect(said).toEqual(['1 minute left to pay']);
  await pass(39_000);
  expect(said).toEqual(['1 minute left to pay', '20 seconds left to pay']);
  expect(onZero).not.toHaveBeenCalled();
  await pass(21_000);
  expect(onZero).toHaveBeenCalled();
  expect(said).toHaveLength(2);
  stop();
});

test('a sale that opens a moment later on the server is asked about again until it has', async () => {
  const onOpen = vi.fn();
  const at = new Date(serverNowMs() + 3_000).toISOString();
  await act(() => render(<SaleCountdown at={at} onOpen={onOpen} />, root));
  expect(shown()).toBe('0:03');
  await pass(3_100);
  expect(onOpen).toHaveBeenCalledTimes(1);
  await pass(3_100);
  expect(onOpen).toHaveBeenCalledTimes(2);
});
