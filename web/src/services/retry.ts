import { NoAnswerError, ProblemError } from './problem';

const PATIENCE_MS = 25_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Retries a request without a response or with 503 or 429. The pauses grow; it ends after 25 seconds.
 * Only for requests that are safe to repeat: reads, and writes under an idempotency key.
 */
export async function persist<T>(send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await send();
    } catch (error) {
      const waitMs = pauseBefore(error, pauseMs);
      if (waitMs === undefined || performance.now() + waitMs > end) throw error;
      await pause(waitMs, signal);
    }
  }
}

/** Waits. Rejects at once if the signal is aborted. */
export function pause(waitMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, waitMs);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

// The random part keeps many browsers from retrying at the same moment.
function pauseBefore(error: unknown, pauseMs: number): number | undefined {
  const jitterMs = Math.random() * pauseMs;
  if (error instanceof NoAnswerError) return pauseMs + jitterMs;
  if (error instanceof ProblemError && (error.problem.status === 503 || error.problem.status === 429)) {
    return (error.retryAfterMs ?? pauseMs) + jitterMs;
  }
  return undefined;
}
