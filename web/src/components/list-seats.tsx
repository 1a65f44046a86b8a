import { useState } from 'preact/hooks';
import type { Booking } from '../live/booking';
import { canToggle, seatLabel, type Standing } from '../seatmap/appearance';
import type { PlanSection, Row, Seat } from '../seatmap/plan';
import { money } from '../services/format';
import { useSeatChanges } from './use-seat-changes';

/**
 * The free seats of a row as toggle buttons. A seat that is taken meanwhile stays in its place, so that the focus
 * does not move.
 */
export function ListSeats({ booking, section, row }: { booking: Booking; section: PlanSection; row: Row }) {
  useSeatChanges(booking, section.number);
  const standing = (seat: Seat): Standing => {
    if (booking.own.value.has(seat.number)) return 'own';
    if (booking.cart.seats.value.includes(seat.number)) return booking.asking.value ? 'asked' : 'chosen';
    return booking.board.stateOf(seat.section, seat.number);
  };
  const [listed] = useState(() => new Set(row.seats.filter((seat) => canToggle(standing(seat))).map((seat) => seat.number)));
  const seats = row.seats.filter((seat) => listed.has(seat.number) || canToggle(standing(seat)));
  return (
    <ul class="choices seats">
      {seats.map((seat) => {
        const now = standing(seat);
        return (
          <li key={seat.number}>
            <button
              type="button"
              aria-pressed={now === 'chosen' || now === 'asked'}
              aria-disabled={!canToggle(now)}
              onClick={() => booking.toggle(seat.number)}
            >
              <span class="visually-hidden">{seatLabel(seat, now)}</span>
              <span class="name" aria-hidden="true">
                {seat.seat}
              </span>
              <span class="detail" aria-hidden="true">
                {canToggle(now) ? seat.price && money(seat.price) : now}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
