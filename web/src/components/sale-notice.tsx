import { useComputed } from '@preact/signals';
import type { Booking } from '../live/booking';
import { longDate } from '../services/format';
import type { Event } from '../services/types';
import { Notice } from './notice';
import { SaleCountdown } from './sale-countdown';

interface Props {
  event: Event;
  booking: Booking;
  onOpen: () => void;
}

/** What a buyer must know before choosing: not on sale yet, paused, ended, or sold out. */
export function SaleNotice({ event, booking, onOpen }: Props) {
  const left = useComputed(() =>
    event.sections.reduce((sum, section) => sum + (booking.board.left(section.number).value ?? section.available), 0),
  );
  if (event.status === 'upcoming') {
    return (
      <div class="sale-soon">
        <p>Tickets go on sale {longDate(event.on_sale_at)}, in</p>
        <p class="big-clock">
          <SaleCountdown at={event.on_sale_at} onOpen={onOpen} />
        </p>
      </div>
    );
  }
  if (event.status === 'paused') {
    return (
      <Notice tone="info" title="Sales are paused">
        What you chose is kept. Reload this page in a while.
      </Notice>
    );
  }
  if (event.status === 'closed') return <Notice tone="info" title="Sales have closed" />;
  if (left.value > 0) return null;
  return (
    <Notice tone="info" title="Sold out right now">
      Seats whose hold runs out come back here by themselves.
    </Notice>
  );
}
