import { batch, signal } from '@preact/signals';
import { seatName, type Plan, planOf } from '../seatmap/plan';
import { go, paths } from '../router';
import { announce } from '../services/announce';
import { openCart } from '../services/cart';
import { getLayout } from '../services/events';
import { plural } from '../services/format';
import { goneText } from '../services/gone';
import { rememberReservation } from '../services/own-hold';
import { explain, ProblemError, refusal } from '../services/problem';
import { reserve, unansweredRequest } from '../services/reservations';
import { persist } from '../services/retry';
import type { Event, ReservationRequest } from '../services/types';
import { Board, type Change } from './board';
import { AvailabilityFollower, type Link } from './follow-availability';

/** One visit to an event's page: live availability, the cart, and making the reservation. */
export class Booking {
  readonly board = new Board();
  readonly cart;
  readonly plan = signal<Plan | undefined>(undefined);
  readonly planError = signal<string | undefined>(undefined);
  readonly link = signal<Link>('connecting');
  /** True from the click on "hold" until the answer. */
  readonly asking = signal(false);
  /** Why the last step did not work, in words. */
  readonly problem = signal<{ title: string; detail: string } | undefined>(undefined);
  /** Ticket numbers that this buyer's current reservation holds. */
  readonly own = signal<ReadonlySet<number>>(new Set());
  private readonly follower: AvailabilityFollower;
  private readonly listeners = new Set<(changes: readonly Change[]) => void>();
  private readonly end = new AbortController();

  constructor(readonly event: Event) {
    this.cart = openCart(event.id);
    this.follower = new AvailabilityFollower(
      event.id,
      this.board,
      (changes) => this.onChange(changes),
      (link) => (this.link.value = link),
    );
  }

  start(): void {
    this.follower.start();
    this.loadPlan();
    const unanswered = unansweredRequest(this.event.id);
    if (unanswered && this.event.status === 'on_sale') void this.ask(unanswered);
  }

  stop(): void {
    this.end.abort();
    this.follower.stop();
    this.cart.dispose();
  }

  loadPlan(): void {
    this.planError.value = undefined;
    persist(() => getLayout(this.event, this.end.signal), this.end.signal).then(
      (layout) => (this.plan.value = planOf(this.event, layout)),
      (error: unknown) => {
        if (!this.end.signal.aborted) this.planError.value = explain(error);
      },
    );
  }

  /** Calls back with every change of a seat's state. */
  onSeats(listener: (changes: readonly Change[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Chooses a seat, or removes it from the choice. */
  toggle(ticket: number): void {
    const seat = this.plan.value?.seats.get(ticket);
    if (!seat || this.asking.value || this.own.value.has(ticket)) return;
    const { seats } = this.cart;
    const limit = this.event.tickets_per_reservation;
    this.problem.value = undefined;
    if (seats.value.includes(ticket)) {
      seats.value = seats.value.filter((one) => one !== ticket);
      announce(`${seatName(seat)} given up, ${plural(seats.value.length, 'seat')} chosen`);
    } else if (this.board.stateOf(seat.section, ticket) !== 'available') {
      announce(`${seatName(seat)} is not available`);
    } else if (seats.value.length >= limit) {
      this.problem.value = { title: `${plural(limit, 'seat')} at most`, detail: 'Give one up to choose another.' };
    } else {
      seats.value = [...seats.value, ticket];
      announce(`${seatName(seat)} chosen, ${plural(seats.value.length, 'seat')} chosen`);
    }
  }

  /** Sends the order in the cart. */
  hold(): void {
    const { way, seats, best, customer } = this.cart;
    const { quantity, section, tier, together } = best.value;
    const wish = {
      quantity,
      together,
      ...(section === undefined ? {} : { section }),
      ...(tier === undefined ? {} : { tier }),
    };
    const what = way.value === 'best' ? { best: wish } : { tickets: [...seats.value].sort((a, b) => a - b) };
    void this.ask({ customer: customer.value.trim(), ...what });
  }

  private async ask(request: ReservationRequest): Promise<void> {
    if (this.asking.value) return;
    batch(() => {
      this.asking.value = true;
      this.problem.value = undefined;
    });
    try {
      const { reservation } = await reserve(this.event.id, request);
      if (this.end.signal.aborted) return;
      const names = Object.fromEntries((request.tickets ?? []).map((ticket) => [ticket, this.nameOf(ticket)]));
      rememberReservation(this.event.id, reservation.id, { request, names });
      this.cart.seats.value = [];
      go(paths.reservation(this.event.id, reservation.id));
    } catch (error) {
      const ended = refusal(error, 'reservation-ended')?.reservation;
      if (ended === undefined) batch(() => this.refused(error));
      // This key was used for a reservation that has ended. The reservation's own page shows how, and offers to try
      // again.
      else if (!this.end.signal.aborted) go(paths.reservation(this.event.id, ended));
    }
  }

  private refused(error: unknown): void {
    this.asking.value = false;
    const gone = error instanceof ProblemError ? (error.problem.tickets ?? []) : [];
    if (gone.length > 0) {
      this.dropGone(gone);
      this.follower.reload();
    } else {
      const title = error instanceof ProblemError ? error.problem.title : 'Not held yet';
      this.problem.value = { title, detail: explain(error) };
    }
  }

  private onChange(changes: readonly Change[]): void {
    for (const listener of this.listeners) listener(changes);
    // Our own request takes our seats before its response arrives. The response reports what happened to them, so
    // ignore this change.
    if (this.asking.value) return;
    const lost = changes.filter(([ticket, state]) => state !== 'available' && !this.own.value.has(ticket)).map(([ticket]) => ticket);
    this.dropGone(lost);
  }

  private dropGone(tickets: readonly number[]): void {
    const { seats } = this.cart;
    const gone = seats.value.filter((ticket) => tickets.includes(ticket));
    if (gone.length === 0) return;
    seats.value = seats.value.filter((ticket) => !gone.includes(ticket));
    const kept = seats.value.length;
    this.problem.value = {
      title: goneText(gone.map((ticket) => this.nameOf(ticket))),
      detail: kept === 0 ? 'Please choose again.' : `We kept your other ${plural(kept, 'seat')}.`,
    };
  }

  private nameOf(ticket: number): string {
    const seat = this.plan.value?.seats.get(ticket);
    return seat ? seatName(seat) : `Ticket ${ticket}`;
  }
}
