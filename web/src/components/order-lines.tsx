import type { Booking } from '../live/booking';
import { seatName } from '../seatmap/plan';
import { hasSeats } from '../services/events';
import { money, plural } from '../services/format';

/** The lines of the order: each chosen seat, or the number of tickets. */
export function OrderLines({ booking }: { booking: Booking }) {
  const { cart } = booking;
  if (cart.way.value === 'best') return <BestLine booking={booking} />;
  if (cart.seats.value.length === 0) return <p class="empty">No seats chosen yet.</p>;
  return (
    <ul class="lines">
      {cart.seats.value.map((ticket) => (
        <SeatLine key={ticket} ticket={ticket} booking={booking} />
      ))}
    </ul>
  );
}

function SeatLine({ ticket, booking }: { ticket: number; booking: Booking }) {
  const { event } = booking;
  const seat = booking.plan.value?.seats.get(ticket);
  if (!seat) return <li>Ticket {ticket}</li>;
  const tier = event.tiers.find((one) => one.number === seat.tier);
  const section = event.sections.find((one) => one.number === seat.section);
  const giveUp = () => {
    booking.toggle(ticket);
    // The line and its button are removed, so the focus must move elsewhere.
    document.getElementById('order-panel')?.focus();
  };
  return (
    <li>
      <span class="what">
        {seatName(seat)}
        <span class="detail">
          {section?.name}
          {tier && `, ${tier.name}`}
          {seat.accessible && ', wheelchair space'}
        </span>
      </span>
      <span class="price">{seat.price && money(seat.price)}</span>
      <button type="button" class="remove" aria-label={`Give up ${seatName(seat)}`} onClick={giveUp}>
        <span aria-hidden="true">×</span>
      </button>
    </li>
  );
}

function BestLine({ booking }: { booking: Booking }) {
  const { event, cart } = booking;
  const { quantity, section, tier, together } = cart.best.value;
  const place = event.sections.find((one) => one.number === section);
  const price = event.tiers.find((one) => one.number === tier);
  const seated = hasSeats(event, section);
  return (
    <ul class="lines">
      <li>
        <span class="what">
          {seated ? `The best ${plural(quantity, 'seat')}` : plural(quantity, 'ticket')}
          <span class="detail">
            {[place?.name ?? 'any section', price?.name, seated && together && quantity > 1 && 'together'].filter(Boolean).join(', ')}
          </span>
        </span>
        {price && <span class="price">{money({ ...price.price, amount: price.price.amount * quantity })}</span>}
      </li>
    </ul>
  );
}
