import { money } from '../services/format';
import type { Event, ReservedTicket, Reservation } from '../services/types';

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
              <span class="detail">{placeOf(ticket, event)}</span>
            </span>
            <span class="price">{money(ticket.price)}</span>
          </li>
        ))}
      </ul>
      <p class="total">
        <span>Total</span> <strong>{money(reservation.total)}</strong>
      </p>
    </div>
  );
}

/** Section and price name; the label of a standing ticket names its section already. */
function placeOf(ticket: ReservedTicket, event: Event | undefined): string {
  const section = event?.sections.find((one) => one.number === ticket.section);
  const tier = event?.tiers.find((one) => one.number === ticket.tier);
  return [section?.kind === 'seated' && section.name, tier?.name].filter(Boolean).join(', ');
}
