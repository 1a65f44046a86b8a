import { useEffect, useState } from 'preact/hooks';
import type { Booking } from '../live/booking';
import { followReservation, isFinal } from '../live/follow-reservation';
import { paths } from '../router';
import { plural } from '../services/format';
import { forgetReservation, ownReservation } from '../services/own-hold';
import type { Reservation } from '../services/types';
import { Link } from './link';
import { Notice } from './notice';

/** A link to a reservation of this tab that is still in progress. */
export function OwnHold({ booking }: { booking: Booking }) {
  const [running, setRunning] = useState<Reservation>();
  const event = booking.event.id;
  useEffect(() => {
    const id = ownReservation(event);
    if (id === undefined) return undefined;
    return followReservation(event, id, {
      onState: ({ reservation }) => {
        const ended = isFinal(reservation.status);
        if (ended) forgetReservation(event, id);
        setRunning(ended ? undefined : reservation);
        booking.own.value = new Set(ended ? [] : reservation.tickets.map((ticket) => ticket.number));
      },
      onRefused: () => forgetReservation(event, id),
      onLink: () => undefined,
    });
  }, [booking, event]);
  if (!running) return null;
  const what = running.status === 'pending' ? 'A request of yours is in the queue' : `You hold ${plural(running.tickets.length, 'ticket')}`;
  return (
    <Notice tone="success" title={what}>
      <Link to={paths.reservation(event, running.id)}>Go to your reservation</Link>
    </Notice>
  );
}
