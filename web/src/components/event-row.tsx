import { paths } from '../router';
import { dateParts, plural, priceRange } from '../services/format';
import type { Event } from '../services/types';
import { Link } from './link';
import { SaleCountdown } from './sale-countdown';

/** One event in the list: when, what, where, and whether there is anything left. */
export function EventRow({ event, onOpen }: { event: Event; onOpen: () => void }) {
  const { weekday, day, month, hour } = dateParts(event.starts_at);
  return (
    <li>
      <Link to={paths.event(event.id)} class="event-row">
        <span class="date">
          <span class="weekday">{weekday}</span>
          <span class="day">{day}</span>
          <span class="month">{month}</span>
        </span>
        <span class="what">
          <span class="name">{event.name}</span>
          <span class="where">
            {event.venue} · {hour}
          </span>
        </span>
        <span class="sale">
          <SaleState event={event} onOpen={onOpen} />
        </span>
      </Link>
    </li>
  );
}

function SaleState({ event, onOpen }: { event: Event; onOpen: () => void }) {
  const left = event.sections.reduce((sum, section) => sum + section.available, 0);
  const prices = priceRange(event.tiers.map((tier) => tier.price));
  if (event.status === 'upcoming') {
    return (
      <>
        <span class="badge soon">Opens soon</span>
        <span class="detail">
          On sale in <SaleCountdown at={event.on_sale_at} onOpen={onOpen} />
        </span>
      </>
    );
  }
  if (event.status === 'closed') return <span class="badge">Closed</span>;
  if (event.status === 'paused') return <span class="badge">Sales paused</span>;
  if (left === 0) return <span class="badge">Sold out</span>;
  return (
    <>
      <span class="price">{prices}</span>
      <span class="detail">{plural(left, 'ticket')} left</span>
    </>
  );
}
