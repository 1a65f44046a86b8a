import { spokenDuration } from '../services/format';
import type { Reservation } from '../services/types';

/** Accepted and in the queue. Says clearly that nothing is held yet. */
export function PendingState({ reservation, up }: { reservation: Reservation; up: boolean }) {
  const eta = reservation.queue?.eta_ms;
  return (
    <div class="pending-state">
      <span class="spinner large" aria-hidden="true" />
      <p>
        {typeof eta === 'number' && eta > 1000 ? `About ${spokenDuration(eta)} to go.` : 'Only a moment.'} This page follows by itself;
        you may reload it or come back to its address.
      </p>
      {!up && <p>The box office cannot be reached right now. Your request is safe; we keep asking.</p>}
    </div>
  );
}
