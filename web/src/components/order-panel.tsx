import { useRef } from 'preact/hooks';
import type { Booking } from '../live/booking';
import { money, plural, spokenDuration } from '../services/format';
import type { Money } from '../services/types';
import { Notice } from './notice';
import { OrderLines } from './order-lines';

/** The order: what is in it, what it costs, who it is for, and the button that holds it. */
export function OrderPanel({ booking }: { booking: Booking }) {
  const { event, cart, asking } = booking;
  const panel = useRef<HTMLElement>(null);
  const { count, total } = orderOf(booking);
  const problem = booking.problem.value;
  const submit = (submitted: SubmitEvent) => {
    submitted.preventDefault();
    if (count > 0 && !asking.value) booking.hold();
  };
  return (
    <>
      <aside class="order" aria-labelledby="order" id="order-panel" ref={panel} tabIndex={-1}>
        <h2 id="order">Your order</h2>
        {problem && (
          <Notice tone="warning" title={problem.title}>
            {problem.detail}
          </Notice>
        )}
        <OrderLines booking={booking} />
        {total && (
          <p class="total">
            <span>Total</span> <strong>{money(total)}</strong>
          </p>
        )}
        <form onSubmit={submit}>
          <label class="field">
            <span>Your e-mail</span>
            <input
              type="email"
              name="email"
              autocomplete="email"
              required
              value={cart.customer.value}
              onInput={(input) => (cart.customer.value = input.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button primary wide" aria-disabled={count === 0 || asking.value} aria-describedby="hold-note">
            {asking.value ? 'Holding…' : count === 0 ? 'Choose tickets first' : `Hold ${plural(count, 'ticket')}`}
          </button>
          <p class="hint" id="hold-note">
            We hold them for {spokenDuration(event.hold_seconds * 1000)} while you pay. Nothing is charged yet.
          </p>
        </form>
      </aside>
      {count > 0 && <OrderBar count={count} total={total} onReview={() => panel.current?.focus()} />}
    </>
  );
}

// On a phone the order is below the map. This bar jumps to it.
function OrderBar({ count, total, onReview }: { count: number; total: Money | undefined; onReview: () => void }) {
  return (
    <div class="order-bar">
      <span>
        {plural(count, 'ticket')}
        {total && <strong> {money(total)}</strong>}
      </span>
      <button type="button" class="button primary" onClick={onReview}>
        Review order
      </button>
    </div>
  );
}

function orderOf(booking: Booking): { count: number; total: Money | undefined } {
  const { event, cart, plan } = booking;
  if (cart.way.value !== 'best') {
    const seats = cart.seats.value.map((ticket) => plan.value?.seats.get(ticket));
    return { count: seats.length, total: sum(seats.map((seat) => seat?.price)) };
  }
  const { quantity, section, tier } = cart.best.value;
  const inSection = event.sections.find((one) => one.number === section)?.tiers;
  const tiers = event.tiers.filter((one) => (tier === undefined ? (inSection?.includes(one.number) ?? true) : one.number === tier));
  const price = tiers.length === 1 ? tiers[0]?.price : undefined;
  return { count: quantity, total: price && { ...price, amount: price.amount * quantity } };
}

function sum(prices: (Money | undefined)[]): Money | undefined {
  const [first] = prices;
  if (!first || prices.some((price) => price?.currency !== first.currency)) return undefined;
  return { ...first, amount: prices.reduce((total, price) => total + (price?.amount ?? 0), 0) };
}
