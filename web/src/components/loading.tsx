import { explain, ProblemError } from '../services/problem';
import { Notice } from './notice';
import { PageTitle } from './page-title';

/** Shown in place of a page while it loads. */
export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}

/** Shown in place of a page that could not be loaded. */
export function LoadFailed({ error, what, retry }: { error: unknown; what: string; retry: () => void }) {
  const missing = error instanceof ProblemError && error.problem.status === 404;
  return (
    <div class="narrow">
      <PageTitle>{missing ? `No such ${what}` : 'That did not work'}</PageTitle>
      <Notice tone="error">
        <p>{missing ? `There is no ${what} at this address. It may have been mistyped.` : explain(error)}</p>
      </Notice>
      {!missing && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
