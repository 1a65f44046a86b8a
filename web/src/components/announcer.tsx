import { assertive, polite } from '../services/announce';

/** The live regions. They stand in the page from the start, because regions that appear with their text are not read. */
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
