import { expect, test } from 'vitest';
import { learnServerTime, serverNowMs, untilMs } from './clock';

test('the time left counts from the server, whatever the local clock says', () => {
  const sentAt = performance.now();
  learnServerTime('2031-05-05T12:00:00Z', sentAt);
  expect(serverNowMs() - Date.parse('2031-05-05T12:00:00Z')).toBeLessThan(1_000);
  expect(untilMs('2031-05-05T12:01:00Z')).toBeGreaterThan(59_000);
  expect(untilMs('2031-05-05T12:01:00Z')).toBeLessThanOrEqual(60_000);
});

test('an answer without a usable time changes nothing', () => {
  learnServerTime('2031-05-05T12:00:00Z', performance.now());
  learnServerTime('soon', performance.now());
  learnServerTime(undefined, performance.now());
  expect(new Date(serverNowMs()).getUTCFullYear()).toBe(2031);
});
