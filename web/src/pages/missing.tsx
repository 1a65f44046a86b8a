import { Link } from '../components/link';
import { PageTitle } from '../components/page-title';
import { paths } from '../router';

/** Shown for an unknown address. */
export function MissingPage() {
  return (
    <div class="narrow">
      <PageTitle>Nothing here</PageTitle>
      <p>This address leads nowhere. It may have been mistyped.</p>
      <Link to={paths.events()} class="button">
        All events
      </Link>
    </div>
  );
}
