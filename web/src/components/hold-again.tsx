import { useState } from 'preact/hooks';
import { go, paths } from '../router';
import { fillCart } from '../services/cart';
import { plural } from '../services/format';
import { goneText } from '../services/gone';
import { rememberReservation, wishOf } from '../services/own-hold';
import { explain, ProblemError } from '../services/problem';
import { reserve } from '../services/reservations';
import type { Event, Reservation, ReservationRequest } from '../services/types';
import { Notice } from './notice';

/** After a hold has expired: offers the same tickets again with one click, or those of them that are still free. */
export function HoldAgain({ event, reservation }: { event: Event | undefined; reservation: Reservation }) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<{ title: string; detail: string }>();
  const [gone, setGone] = useState<readonly number[]>([]);
  const left = reservation.tickets.filter((ticket) => !gone.includes(ticket.number));
  const id = reservation.event;
  const again = async () => {
    if (asking) return;
    setAsking(true);
    setProblem(undefined);
    const request = requestAgain(event, reservation, left.map((ticket) => ticket.number));
    try {
      const next = (await reserve(id, request)).reservation;
      const names = Object.fromEntries(left.map((ticket) => [ticket.number, ticket.label]));
      rememberReservation(id, next.id, { request, names });
      go(paths.reservation(id, next.id), 'replace');
      return;
    } catch (error) {
      const lost = error instanceof ProblemError ? (error.problem.tickets ?? []) : [];
      const names = reservation.tickets.filter((ticket) => lost.includes(ticket.number)).map((ticket) => ticket.label);
      setGone([...gone, ...lost]);
      if (names.length > 0) setProblem({ title: goneText(names), detail: '' });
      else setProblem({ title: 'Not held', detail: explain(error) });
    }
    setAsking(false);
  };
  const choose = () => {
    fillCart(id, left.map((ticket) => ticket.number));
    go(paths.event(id));
  };
  return (
    <div class="hold-again">
      {problem && (
        <Notice tone="warning" title={problem.title}>
          {problem.detail}
        </Notice>
      )}
      {left.length > 0 && (
        <button type="button" class="button primary" aria-disabled={asking} onClick={again}>
          {asking ? 'Holding…' : `Hold ${plural(left.length, 'ticket')} again`}
        </button>
      )}
      <button type="button" class="button" onClick={choose}>
        Choose others
      </button>
    </div>
  );
}

// General admission has no numbered seats: any tickets of the same tier are equal.
function requestAgain(event: Event | undefined, reservation: Reservation, tickets: number[]): ReservationRequest {
  const wish = wishOf(reservation.id)?.request;
  const customer = reservation.customer ?? wish?.customer ?? '';
  if (wish?.best) return { customer, best: wish.best };
  const [first] = reservation.tickets;
  const general = event?.sections.find((section) => section.number === first?.section)?.kind === 'general';
  if (!general || !first) return { customer, tickets };
  return { customer, best: { quantity: tickets.length, section: first.section, tier: first.tier, together: false } };
}
