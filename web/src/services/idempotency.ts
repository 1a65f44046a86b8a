import { recall, remember } from './memory';
import { ProblemError } from './problem';

/** One wish and the key it travels under, so that the wish is granted once however often it is sent. */
export interface Attempt<B = unknown> {
  key: string;
  body: B;
}

/** The attempt for this wish: the same key as long as the same body is wanted in the same scope. */
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
 * Runs the attempt and ends it when its fate is known: the next wish, even the same one, is then a new one.
 * Without an answer it stays open, because the server may have granted it.
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

// Not `crypto.randomUUID`: that exists only in secure contexts, and a rehearsal on a local network has none.
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
