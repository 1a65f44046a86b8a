import { learnServerTime } from './clock';
import { eventPath } from './events';
import { ask, type Answer } from './http';
import { attemptFor, endingAttempt, openAttempt } from './idempotency';
import { persist } from './retry';
import type { EventRef, IssuedTickets, Reservation, ReservationRequest } from './types';

const WAIT_S = 10;
const WAIT_TIMEOUT_MS = (WAIT_S + 5) * 1000;

let latest: Timed | undefined;

/** A reservation with the moment (`performance.now()`) at which its hold ends, if it has one. */
export interface Timed {
  reservation: Reservation;
  deadline: number | undefined;
}

/**
 * Requests tickets with an idempotency key that survives reloads: a repeated request returns the same reservation.
 * Returns it held, or pending when the queue is longer than ten seconds. Throws `ProblemError` when refused.
 */
export async function reserve(event: EventRef, request: ReservationRequest): Promise<Timed> {
  const scope = reserveScope(event);
  const attempt = attemptFor(scope, request);
  const send = () =>
    ask<Reservation>(`${eventPath(event)}/reservations`, {
      method: 'POST',
      body: request,
      headers: { 'idempotency-key': attempt.key, prefer: `wait=${WAIT_S}` },
      timeoutMs: WAIT_TIMEOUT_MS,
    });
  latest = await endingAttempt(scope, async () => timed(await persist(send)));
  return latest;
}

/** The response to the request just made. Returned once, so that the next page need not load it again. */
export function takeAnswer(id: string): Timed | undefined {
  const answer = latest?.reservation.id === id ? latest : undefined;
  latest = undefined;
  return answer;
}

/** The request that was sent and not yet answered when the page was left, if any. */
export function unansweredRequest(event: EventRef): ReservationRequest | undefined {
  return openAttempt<ReservationRequest>(reserveScope(event))?.body;
}

/** The reservation as it is now, or, with `wait`, after its next change or ten seconds. */
export async function getReservation(event: EventRef, id: string, wait: boolean, signal?: AbortSignal): Promise<Timed> {
  const answer = await ask<Reservation>(reservationPath(event, id), {
    ...(wait ? { headers: { prefer: `wait=${WAIT_S}` }, timeoutMs: WAIT_TIMEOUT_MS } : {}),
    ...(signal ? { signal } : {}),
  });
  return timed(answer);
}

/** Cancels the hold. The result arrives as a change of the reservation. */
export async function cancelReservation(event: EventRef, id: string): Promise<void> {
  await persist(() => ask(reservationPath(event, id), { method: 'DELETE' }));
}

/** The tickets themselves, once confirmed. */
export async function getTickets(event: EventRef, id: string, signal?: AbortSignal): Promise<IssuedTickets> {
  return (await ask<IssuedTickets>(`${reservationPath(event, id)}/tickets`, signal ? { signal } : {})).data;
}

/** The API path of a reservation. */
export function reservationPath(event: EventRef, id: string): string {
  return `${eventPath(event)}/reservations/${encodeURIComponent(id)}`;
}

/** Adds the local deadline to a reservation that was requested at `sentAt`. */
export function withDeadline(reservation: Reservation, sentAt: number): Timed {
  const left = reservation.expires_in_ms;
  return { reservation, deadline: typeof left === 'number' ? sentAt + left : undefined };
}

function timed(answer: Answer<Reservation>): Timed {
  learnServerTime(answer.data.server_now, answer.sentAt);
  return withDeadline(answer.data, waitedFrom(answer));
}

// A response delayed by `Prefer: wait` is as old as its writing, not as old as its request.
function waitedFrom(answer: Answer<Reservation>): number {
  return answer.headers.has('preference-applied') ? performance.now() : answer.sentAt;
}

function reserveScope(event: EventRef): string {
  return `reserve.${event}`;
}
