import { useCallback, useEffect, useState } from 'preact/hooks';
import { CancelHold } from '../components/cancel-hold';
import { HoldAgain } from '../components/hold-again';
import { HoldClock } from '../components/hold-clock';
import { Link } from '../components/link';
import { LoadFailed, Loading } from '../components/loading';
import { Notice } from '../components/notice';
import { PageTitle } from '../components/page-title';
import { PaymentForm } from '../components/payment-form';
import { PendingState } from '../components/pending-state';
import { RejectedState } from '../components/rejected-state';
import { ReservedLines } from '../components/reserved-lines';
import { TicketCards } from '../components/ticket-cards';
import { useLoad } from '../components/use-load';
import { useReservation } from '../components/use-reservation';
import { paths } from '../router';
import { announce } from '../services/announce';
import { getEvent } from '../services/events';
import type { Timed } from '../services/reservations';
import type { Event, EventRef, ReservationStatus } from '../services/types';

const TITLES: Record<ReservationStatus, string> = {
  pending: 'In the queue',
  held: 'Held for you',
  paying: 'Paying',
  confirmed: 'You’re going',
  rejected: 'Not held',
  cancelled: 'Given up',
  expired: 'Your hold has run out',
  refunded: 'Refunded',
};

/** One reservation, from the queue to the tickets. Its address can be reloaded and bookmarked. */
export function ReservationPage({ event, id }: { event: string; id: string }) {
  const about = useLoad((signal) => getEvent(event, signal), [event]).data;
  const { timed, refused, up } = useReservation(event, id);
  if (refused) return <LoadFailed error={refused} what="reservation" retry={() => location.reload()} />;
  if (!timed) return <Loading what={up ? 'your reservation' : 'your reservation; the box office does not answer yet'} />;
  return (
    <div class="narrow reservation">
      <p class="crumb">
        <Link to={paths.event(event)}>{about?.name ?? 'The event'}</Link>
      </p>
      <State timed={timed} about={about} up={up} />
    </div>
  );
}

function State({ timed, about, up }: { timed: Timed; about: Event | undefined; up: boolean }) {
  const { reservation, deadline } = timed;
  const [ranOut, setRanOut] = useState<number>();
  const onZero = useCallback(() => setRanOut(deadline), [deadline]);
  // The clock on screen reaches zero before the server's message arrives.
  const over = reservation.status === 'held' && deadline !== undefined && ranOut === deadline;
  const status: ReservationStatus = over ? 'expired' : reservation.status;
  useEffect(() => announce(TITLES[status]), [status]);
  const { event, id, tickets } = reservation;
  const alive = status === 'held' || status === 'paying';
  return (
    <>
      <PageTitle>{TITLES[status]}</PageTitle>
      {!up && alive && <Notice tone="info">The box office cannot be reached right now. We keep asking.</Notice>}
      {status === 'pending' && <PendingState reservation={reservation} up={up} />}
      {status === 'held' && deadline !== undefined && (
        <HoldClock deadline={deadline} holdSeconds={about?.hold_seconds ?? 120} onZero={onZero} />
      )}
      {status === 'paying' && <p class="lede">The payment is under way. Your seats are safe meanwhile.</p>}
      {status === 'confirmed' && <p class="lede">Paid, and yours. We wish you a good time.</p>}
      {status === 'expired' && <p class="lede">Time ran out before the payment. The seats are free for everyone again.</p>}
      {status === 'cancelled' && <p class="lede">Nothing was charged. The seats are free for everyone again.</p>}
      {status === 'refunded' && <p class="lede">The payment came too late for these seats, and went back to your card in full.</p>}
      {status === 'rejected' && <RejectedState reservation={reservation} />}
      {status === 'confirmed' ? (
        <Confirmed event={event} id={id} about={about} />
      ) : (
        status !== 'rejected' && <ReservedLines reservation={reservation} event={about} />
      )}
      {alive && <PaymentForm event={event} reservation={reservation} />}
      {status === 'pending' && <CancelHold event={event} id={id} label="Cancel this request" />}
      {status === 'held' && <CancelHold event={event} id={id} label="Give these tickets up" />}
      {(status === 'expired' || status === 'cancelled' || status === 'refunded') && tickets.length > 0 && (
        <HoldAgain event={about} reservation={reservation} />
      )}
    </>
  );
}

function Confirmed({ event, id, about }: { event: EventRef; id: string; about: Event | undefined }) {
  return (
    <>
      <p>
        <Link to={paths.tickets(event, id)} class="button">
          Tickets to print
        </Link>
      </p>
      <TicketCards event={event} id={id} about={about} />
    </>
  );
}
