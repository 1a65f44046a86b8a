import type { Booking } from '../live/booking';
import { seatShape, shapeIndex, tick } from '../seatmap/glyphs';
import { money } from '../services/format';

const AT = 12;
const RADIUS = 8;

/** What the shapes and fills mean. */
export function MapLegend({ booking }: { booking: Booking }) {
  return (
    <ul class="legend" aria-label="Legend">
      {booking.event.tiers.map((tier, place) => (
        <li key={tier.number}>
          <Sample shape={shapeIndex(place)} standing="available" /> {tier.name} {money(tier.price)}
        </li>
      ))}
      <li>
        <Sample shape={0} standing="chosen" /> Your choice
      </li>
      <li>
        <Sample shape={0} standing="held" /> Held by another buyer
      </li>
      <li>
        <Sample shape={0} standing="taken" /> Taken
      </li>
    </ul>
  );
}

function Sample({ shape, standing }: { shape: number; standing: string }) {
  return (
    <svg class="seatmap sample" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
      <path class={`seat tone${shape} ${standing}`} d={seatShape(shape, AT, AT, RADIUS)} />
      {standing === 'chosen' && <path class="tick" d={tick(AT, AT, RADIUS)} stroke-width="2" />}
    </svg>
  );
}
