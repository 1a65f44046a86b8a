import { go, paths } from '../router';
import { fillCart } from '../services/cart';
import { plural } from '../services/format';
import { goneText } from '../services/gone';
import { wishOf } from '../services/own-hold';
import type { Reservation } from '../services/types';

const WORDS: Record<string, string> = {
  tickets_unavailable: 'Someone else was a moment faster.',
  not_enough_available: 'Fewer tickets are free than you asked for. Held ones may come back.',
  not_together: 'There are not that many free seats side by side.',
  customer_limit: 'This would be more tickets than one customer may have.',
  too_late: 'The queue was too long for this request, so it was not kept. Please try again.',
  sale_paused: 'The sale was paused.',
  sale_closed: 'The sale has closed.',
  internal_error: 'It could not be decided, through a fault of ours. Please try again.',
};

/** Rejected after waiting in the queue: shows why, and a link back with the seats that are still available. */
export function RejectedState({ reservation }: { reservation: Reservation }) {
  const { event, id, reason } = reservation;
  const wish = wishOf(id);
  const gone = reservation.conflicts ?? [];
  const names = gone.map((ticket) => wish?.names[ticket]).filter((name) => name !== undefined);
  const kept = wish?.request.tickets?.filter((ticket) => !gone.includes(ticket)) ?? [];
  const again = () => {
    if (kept.length > 0) fillCart(event, kept);
    go(paths.event(event));
  };
  return (
    <div class="rejected-state">
      <p>{(reason && WORDS[reason]) ?? 'Nothing was held and nothing was charged.'}</p>
      {names.length > 0 && (
        <p>
          {goneText(names)}.{kept.length > 0 && ` Your other ${plural(kept.length, 'seat')} stay in your order.`}
        </p>
      )}
      <button type="button" class="button primary" onClick={again}>
        Choose again
      </button>
    </div>
  );
}
