import { longDate } from '../services/format';
import { getTickets } from '../services/reservations';
import { explain } from '../services/problem';
import type { Event, EventRef } from '../services/types';
import { Loading } from './loading';
import { Notice } from './notice';
import { useLoad } from './use-load';

/** The tickets, each with its code for the door. */
export function TicketCards({ event, id, about }: { event: EventRef; id: string; about: Event | undefined }) {
  const { data, error, reload } = useLoad((signal) => getTickets(event, id, signal), [event, id]);
  if (!data && error) {
    return (
      <Notice tone="error" title="The tickets could not be loaded">
        <p>{explain(error)}</p>
        <button type="button" class="button" onClick={reload}>
          Try again
        </button>
      </Notice>
    );
  }
  if (!data) return <Loading what="your tickets" />;
  return (
    <ul class="tickets">
      {data.tickets.map((ticket) => (
        <li key={ticket.number} class="ticket">
          <div class="ticket-text">
            <p class="ticket-event">{about?.name}</p>
            <p class="ticket-when">
              {about && longDate(about.starts_at)}
              <span class="venue">{about?.venue}</span>
            </p>
            <p class="ticket-seat">
              <span class="detail">{ticket.section}</span>
              {ticket.label}
            </p>
            <p class="ticket-code">{ticket.code}</p>
          </div>
          <img src={ticket.qr} alt={`QR code of ticket ${ticket.code}`} width="148" height="148" />
        </li>
      ))}
    </ul>
  );
}
