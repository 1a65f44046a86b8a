import { beforeEach, expect, test } from 'vitest';
import { attemptFor, endingAttempt, openAttempt } from './idempotency';
import { NoAnswerError, ProblemError } from './problem';

beforeEach(() => sessionStorage.clear());

test('the same wish keeps its key, over a reload too, and another wish gets another', () => {
  const first = attemptFor('reserve.1', { tickets: [1, 2] });
  expect(attemptFor('reserve.1', { tickets: [1, 2] }).key).toBe(first.key);
  expect(attemptFor('reserve.1', { tickets: [1] }).key).not.toBe(first.key);
  expect(attemptFor('reserve.2', { tickets: [1] }).key).not.toBe(first.key);
  expect(first.key).toMatch(/^[0-9a-f]{32}$/);
});

test('an answered wish is over', async () => {
  const first = attemptFor('s', 1);
  expect(await endingAttempt('s', async () => 'held')).toBe('held');
  expect(attemptFor('s', 1).key).not.toBe(first.key);
});

test('a refused wish is over', async () => {
  attemptFor('s', 1);
  const refused = new ProblemError({ type: '/problems/x', title: 'x', status: 409 });
  await expect(endingAttempt('s', () => Promise.reject(refused))).rejects.toBe(refused);
  expect(openAttempt('s')).toBeUndefined();
});

test('without an answer the wish stays open, because it may have been granted', async () => {
  const first = attemptFor('s', 1);
  await expect(endingAttempt('s', () => Promise.reject(new NoAnswerError('down')))).rejects.toThrow();
  expect(attemptFor('s', 1).key).toBe(first.key);
});
