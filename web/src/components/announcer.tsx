import { assertive, polite } from '../services/announce';

/**
 * The live regions. They are in the page from the start: screen readers do not read a region that appears with its
 * text.
 */
export function Announcer() {
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite">
        {polite}
      </div>
      <div class="visually-hidden" aria-live="assertive">
        {assertive}
      </div>
    </>
  );
}
