import { useEffect, useState } from 'preact/hooks';
import { Chooser } from '../components/chooser';
import { LoadFailed, Loading } from '../components/loading';
import { OrderPanel } from '../components/order-panel';
import { OwnHold } from '../components/own-hold';
import { PageTitle } from '../components/page-title';
import { SaleNotice } from '../components/sale-notice';
import { SectionsLeft } from '../components/sections-left';
import { useLoad } from '../components/use-load';
import { Booking } from '../live/booking';
import { getEvent } from '../services/events';
import { longDate } from '../services/format';
import type { Event } from '../services/types';

/** One event: what is left, where to sit, and the order. */
export function EventPage({ event: id }: { event: string }) {
  const { data, error, reload } = useLoad((signal) => getEvent(id, signal), [id]);
  if (!data) return error ? <LoadFailed error={error} what="event" retry={reload} /> : <Loading what="the event" />;
  return <OpenEvent key={data.status} event={data} reload={reload} />;
}

function OpenEvent({ event, reload }: { event: Event; reload: () => void }) {
  const [booking] = useState(() => new Booking(event));
  useEffect(() => {
    booking.start();
    return () => booking.stop();
  }, [booking]);
  const onSale = event.status === 'on_sale';
  return (
    <div class="event-page">
      <header class="event-head">
        <PageTitle>{event.name}</PageTitle>
        <p class="lede">
          {longDate(event.starts_at)}
          <span class="venue">{event.venue}</span>
        </p>
        <SaleNotice event={event} booking={booking} onOpen={reload} />
        <OwnHold booking={booking} />
      </header>
      <div class="event-body">
        <div class="choose">
          {onSale && <Chooser booking={booking} />}
          <SectionsLeft booking={booking} />
        </div>
        {onSale && <OrderPanel booking={booking} />}
      </div>
    </div>
  );
}
