import { paths } from '../router';
import { Link } from './link';

/** The name of the site, as a link to the list of events. */
export function SiteHeader() {
  return (
    <header class="site">
      <Link to={paths.events()} class="wordmark">
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
          <path class="ticket-shape" d="M3 8h26v5a3 3 0 0 0 0 6v5H3v-5a3 3 0 0 0 0-6z" />
          <path class="ticket-tear" d="M20 9v14" />
        </svg>
        Boxoffice
      </Link>
    </header>
  );
}
