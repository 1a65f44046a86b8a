import type { Booking } from '../live/booking';
import { plural, priceRange } from '../services/format';
import type { Event, Section } from '../services/types';

const BAR = 100;

/** What is left, section by section, as it sells. */
export function SectionsLeft({ booking }: { booking: Booking }) {
  const { event } = booking;
  return (
    <section class="sections-left" aria-labelledby="sections-left">
      <h2 id="sections-left">{event.status === 'upcoming' ? 'Sections and prices' : 'What is left'}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Section</th>
            <th scope="col">Price</th>
            <th scope="col" class="number">
              Left
            </th>
          </tr>
        </thead>
        <tbody>
          {event.sections.map((section) => (
            <SectionLine key={section.number} section={section} event={event} booking={booking} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function SectionLine({ section, event, booking }: { section: Section; event: Event; booking: Booking }) {
  const left = booking.board.left(section.number).value ?? section.available;
  const share = section.capacity > 0 ? (left / section.capacity) * BAR : 0;
  return (
    <tr>
      <th scope="row">
        {section.name}
        {section.kind === 'general' && <span class="kind"> standing or free seating</span>}
      </th>
      <td>{priceRange(pricesOf(event, section))}</td>
      <td class="number">
        {left === 0 ? 'Sold out' : plural(left, 'ticket').replace(/ tickets?$/, '')}
        <svg class="bar" viewBox={`0 0 ${BAR} 4`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <rect class="track" width={BAR} height="4" rx="2" />
          <rect class="fill" width={share} height="4" rx="2" />
        </svg>
      </td>
    </tr>
  );
}

/** The prices of a section's tiers. */
export function pricesOf(event: Event, section: Pick<Section, 'tiers'>) {
  return event.tiers.filter((tier) => section.tiers.includes(tier.number)).map((tier) => tier.price);
}
