import { expect, test } from 'vitest';
import { Board } from './board';

const snapshot = (version: number, taken: (number | [number, number])[], available = 10) => ({
  server_now: '2026-01-01T00:00:00Z',
  sections: [{ number: 1, version, available, taken }],
});
const delta = (version: number, state: 'held' | 'available' | 'sold', tickets: number[]) => ({
  sections: [{ number: 1, version, available: 9, changes: [{ state, tickets }] }],
});

test('a snapshot may name single tickets and runs of them', () => {
  const board = new Board();
  expect(board.load(snapshot(3, [1, [4, 6]]))).toHaveLength(4);
  const taken = [1, 2, 3, 4, 5, 6, 7].filter((ticket) => board.stateOf(1, ticket) === 'taken');
  expect(taken).toEqual([1, 4, 5, 6]);
});

test('the next delta is applied and tells what changed', () => {
  const board = new Board();
  board.load(snapshot(3, []));
  expect(board.apply(delta(4, 'held', [7]))).toEqual({ changes: [[7, 'held']], gap: false });
  expect(board.stateOf(1, 7)).toBe('held');
  expect(board.left(1).value).toBe(9);
  expect(board.apply(delta(5, 'available', [7])).changes).toEqual([[7, 'available']]);
  expect(board.stateOf(1, 7)).toBe('available');
});

test('a delta that is known already changes nothing', () => {
  const board = new Board();
  board.load(snapshot(3, []));
  expect(board.apply(delta(3, 'sold', [7]))).toEqual({ changes: [], gap: false });
  expect(board.stateOf(1, 7)).toBe('available');
});

test('a gap is reported and not guessed over', () => {
  const board = new Board();
  board.load(snapshot(3, []));
  expect(board.apply(delta(5, 'sold', [7]))).toEqual({ changes: [], gap: true });
  expect(board.apply(delta(4, 'sold', [8])).gap).toBe(false);
});

test('a delta for a section that was never loaded is a gap', () => {
  expect(new Board().apply(delta(1, 'held', [1])).gap).toBe(true);
});

test('an older snapshot does not undo newer deltas, a newer one replaces everything', () => {
  const board = new Board();
  board.load(snapshot(3, []));
  board.apply(delta(4, 'held', [7]));
  expect(board.load(snapshot(3, []))).toEqual([]);
  expect(board.stateOf(1, 7)).toBe('held');
  expect(board.load(snapshot(9, [8]))).toEqual([
    [8, 'taken'],
    [7, 'available'],
  ]);
});
