import { NoAnswerError, problemOf } from './problem';

const BASE = '/api/v1';
const DEFAULT_TIMEOUT_MS = 15_000;

export interface Ask {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface Answer<T> {
  status: number;
  data: T;
  headers: Headers;
  /** `performance.now()` when the request was sent: deadlines counted from here end early, never late. */
  sentAt: number;
}

/** The full path of an API resource. */
export function apiPath(path: string): string {
  return BASE + path;
}

/** One request. Throws `ProblemError` for a refusal, and `NoAnswerError` if no response arrives in time. */
export async function ask<T>(path: string, options: Ask = {}): Promise<Answer<T>> {
  const { method = 'GET', body, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const headers = new Headers({ accept: 'application/json', ...options.headers });
  if (body !== undefined) headers.set('content-type', 'application/json');
  const sentAt = performance.now();
  const timeout = AbortSignal.timeout(timeoutMs);
  const init: RequestInit = {
    method,
    headers,
    signal: options.signal ? AbortSignal.any([timeout, options.signal]) : timeout,
  };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await reach(apiPath(path), init, options.signal);
  if (!response.ok && response.status !== 304) throw await problemOf(response);
  const data = await readBody<T>(response, options.signal);
  return { status: response.status, data, headers: response.headers, sentAt };
}

async function reach(url: string, init: RequestInit, cancelled: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    cancelled?.throwIfAborted();
    throw new NoAnswerError(error);
  }
}

async function readBody<T>(response: Response, cancelled: AbortSignal | undefined): Promise<T> {
  try {
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  } catch (error) {
    cancelled?.throwIfAborted();
    throw new NoAnswerError(error);
  }
}
