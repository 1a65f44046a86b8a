import type { Booking } from '../live/booking';
import type { Way } from '../services/cart';
import { BestChooser } from './best-chooser';
import { LinkState } from './link-state';
import { ListChooser } from './list-chooser';
import { MapChooser } from './map-chooser';

const WAYS: { way: Way; label: string }[] = [
  { way: 'list', label: 'Choose from a list' },
  { way: 'map', label: 'Seat map' },
  { way: 'best', label: 'Best available' },
];

/** Three ways to fill the same cart. The list comes first, for buyers who cannot use a map. */
export function Chooser({ booking }: { booking: Booking }) {
  const { way } = booking.cart;
  return (
    <section class="chooser" aria-labelledby="chooser">
      <div class="chooser-head">
        <h2 id="chooser">Choose your tickets</h2>
        <LinkState booking={booking} />
      </div>
      <div class="ways" role="group" aria-label="Ways to choose">
        {WAYS.map((one) => (
          <button key={one.way} type="button" aria-pressed={way.value === one.way} onClick={() => (way.value = one.way)}>
            {one.label}
          </button>
        ))}
      </div>
      {way.value === 'list' && <ListChooser booking={booking} />}
      {way.value === 'map' && <MapChooser booking={booking} />}
      {way.value === 'best' && <BestChooser booking={booking} />}
    </section>
  );
}
