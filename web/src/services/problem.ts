import type { Problem } from './types';

/** The server refused the request. Contains its problem details. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  /** Milliseconds to wait before a retry, if the server gave a time. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, retryAfterMs?: number) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The refusal of that type, such as "tickets-unavailable", or undefined for any other error. */
export function refusal(error: unknown, type: string): Problem | undefined {
  return error instanceof ProblemError && error.problem.type.endsWith(`/${type}`) ? error.problem : undefined;
}

/** No answer came: the network is down, the server is restarting, or the time-out passed. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';

  constructor(cause: unknown) {
    super('The box office did not answer.', { cause });
  }
}

/** Reads a refusal. Handles one from a proxy too, which has no problem+json. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const fallback: Problem = { type: 'about:blank', title: `The server answered ${response.status}`, status: response.status };
  const problem = await response.json().then(
    (body: unknown) => (isProblem(body) ? { ...fallback, ...body, status: response.status } : fallback),
    () => fallback,
  );
  return new ProblemError(problem, retryAfterMs(response.headers.get('retry-after'), problem.retry_after));
}

/** A sentence for the buyer. Unknown errors get a general one. */
export function explain(error: unknown): string {
  if (error instanceof ProblemError) return error.problem.errors?.map((one) => one.detail).join(' ') || error.message;
  if (error instanceof NoAnswerError) return 'The box office did not answer. Check your connection and try again.';
  return 'Something went wrong on this page. Please try again.';
}

function isProblem(body: unknown): body is Partial<Problem> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

function retryAfterMs(header: string | null, field: number | undefined): number | undefined {
  const seconds = field ?? (header === null ? NaN : Number(header));
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
