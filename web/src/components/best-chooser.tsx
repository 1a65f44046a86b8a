import { useEffect, useRef } from 'preact/hooks';
import type { Booking } from '../live/booking';
import type { BestWish } from '../services/cart';
import { hasSeats } from '../services/events';
import { money } from '../services/format';
import { Quantity } from './quantity';

/** Chooses a number of tickets: general admission, or the best seats available. */
export function BestChooser({ booking }: { booking: Booking }) {
  const { event, cart } = booking;
  const wish = cart.best.value;
  const set = (change: Partial<BestWish>) => (cart.best.value = { ...wish, ...change });
  const section = event.sections.find((one) => one.number === wish.section);
  const tiers = event.tiers.filter((tier) => !section || section.tiers.includes(tier.number));
  const first = useRef<HTMLSelectElement>(null);
  useEffect(() => {
    // The buyer came from a general section of the map or list, whose button is gone: move the focus here.
    if (document.activeElement === document.body) first.current?.focus();
  }, []);
  return (
    <div class="best-chooser">
      <label class="field">
        <span>Section</span>
        <select
          ref={first}
          value={wish.section ?? ''}
          onChange={(change) => set({ section: numberOf(change.currentTarget.value), tier: undefined })}
        >
          <option value="">Any section</option>
          {event.sections.map((one) => (
            <option key={one.number} value={one.number}>
              {one.name} ({booking.board.left(one.number).value ?? one.available} left)
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Price</span>
        <select value={wish.tier ?? ''} onChange={(change) => set({ tier: numberOf(change.currentTarget.value) })}>
          <option value="">Any price</option>
          {tiers.map((tier) => (
            <option key={tier.number} value={tier.number}>
              {tier.name}, {money(tier.price)}
            </option>
          ))}
        </select>
      </label>
      <Quantity value={wish.quantity} most={event.tickets_per_reservation} onChange={(quantity) => set({ quantity })} />
      {hasSeats(event, wish.section) && (
        <label class="check">
          <input type="checkbox" checked={wish.together} onChange={(change) => set({ together: change.currentTarget.checked })} />
          Seats next to each other
        </label>
      )}
    </div>
  );
}

function numberOf(value: string): number | undefined {
  return value === '' ? undefined : Number(value);
}
