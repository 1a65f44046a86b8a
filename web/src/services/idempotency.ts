import { recall, remember } from './memory';
import { ProblemError } from './problem';

/** A request body and its idempotency key, so that it takes effect once even if it is sent several times. */
export interface Attempt<B = unknown> {
  key: string;
  body: B;
}

/** The attempt for this body: it has the same key as long as the body and the scope are the same. */
export function attemptFor<B>(scope: string, body: B): Attempt<B> {
  const known = openAttempt<B>(scope);
  if (known && JSON.stringify(known.body) === JSON.stringify(body)) return known;
  const attempt = { key: newKey(), body };
  remember(name(scope), attempt);
  return attempt;
}

/** The attempt that is still open in this scope, for example after a reload. */
export function openAttempt<B>(scope: string): Attempt<B> | undefined {
  return recall<Attempt<B>>(name(scope));
}

/**
 * Runs the attempt, and ends it when its result is known: the next request, even with the same body, gets a new key.
 * Without a response it stays open, because the server may have accepted it.
 */
export async function endingAttempt<T>(scope: string, run: () => Promise<T>): Promise<T> {
  try {
    const outcome = await run();
    remember(name(scope), undefined);
    return outcome;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status < 500) remember(name(scope), undefined);
    throw error;
  }
}

function name(scope: string): string {
  return `attempt.${scope}`;
}

// Not `crypto.randomUUID`: it exists only in secure contexts, and HTTP on a local network is not one.
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
