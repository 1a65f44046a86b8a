import { money } from '../services/format';
import type { Event, Reservation } from '../services/types';

/** What a reservation holds and what it comes to. */
export function ReservedLines({ reservation, event }: { reservation: Reservation; event: Event | undefined }) {
  if (reservation.tickets.length === 0) return null;
  return (
    <div class="reserved">
      <ul class="lines">
        {reservation.tickets.map((ticket) => (
          <li key={ticket.number}>
            <span class="what">
              {ticket.label}
              <span class="detail">{event?.tiers.find((tier) => tier.number === ticket.tier)?.name}</span>
            </span>
            <span class="price">{money(ticket.price)}</span>
          </li>
        ))}
      </ul>
      {reservation.total && (
        <p class="total">
          <span>Total</span> <strong>{money(reservation.total)}</strong>
        </p>
      )}
    </div>
  );
}
