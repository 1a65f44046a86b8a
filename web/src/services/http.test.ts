import { afterEach, expect, test, vi } from 'vitest';
import { ask } from './http';
import { NoAnswerError, ProblemError } from './problem';
import { persist } from './retry';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function answering(...answers: (() => Response | Promise<Response>)[]) {
  const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(async () => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    return next ? next() : Response.error();
  });
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

test('a refusal becomes a typed problem with its fields', async () => {
  const body = JSON.stringify({ type: '/problems/tickets-unavailable', title: 'Gone', status: 409, tickets: [12], detail: 'Gone.' });
  answering(() => new Response(body, { status: 409, headers: { 'content-type': 'application/problem+json' } }));
  const error = await ask('/x').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProblemError);
  expect((error as ProblemError).problem).toMatchObject({ status: 409, tickets: [12] });
});

test('a refusal that is no problem+json still has a status', async () => {
  answering(() => new Response('<html>Bad gateway', { status: 502 }));
  const error = await ask('/x').catch((reason: unknown) => reason);
  expect((error as ProblemError).problem.status).toBe(502);
});

test('a broken connection is "no answer", and so is half an answer', async () => {
  answering(() => Promise.reject(new TypeError('failed')));
  await expect(ask('/x')).rejects.toBeInstanceOf(NoAnswerError);
  answering(() => new Response('{"half":'));
  await expect(ask('/x')).rejects.toBeInstanceOf(NoAnswerError);
});

test('a cancelled request is not "no answer"', async () => {
  const end = new AbortController();
  end.abort();
  answering(() => Promise.reject(new DOMException('aborted', 'AbortError')));
  await expect(ask('/x', { signal: end.signal })).rejects.not.toBeInstanceOf(NoAnswerError);
});

test('persisting honours Retry-After and gives up on a refusal', async () => {
  vi.useFakeTimers();
  const busy = () => new Response('{}', { status: 503, headers: { 'retry-after': '2' } });
  const fetch = answering(busy, busy, () => new Response('{"ok":true}'));
  const answer = persist(() => ask<{ ok: boolean }>('/x'));
  await vi.advanceTimersByTimeAsync(1_900);
  expect(fetch).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(6_000);
  expect((await answer).data.ok).toBe(true);
  expect(fetch).toHaveBeenCalledTimes(3);
  answering(() => new Response('{}', { status: 422 }));
  await expect(persist(() => ask('/x'))).rejects.toBeInstanceOf(ProblemError);
});
