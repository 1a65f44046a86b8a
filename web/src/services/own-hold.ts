import { recall, remember } from './memory';
import type { ReservationRequest } from './types';

/** The id of this tab's latest reservation of an event, for the way back to it. */
export function ownReservation(event: string): string | undefined {
  return recall<string>(`own.${event}`);
}

/** Remembers a reservation and what was wished for, because a refused one no longer says. */
export function rememberReservation(event: string, id: string, wish: ReservationRequest): void {
  remember(`own.${event}`, id);
  remember(`wish.${id}`, wish);
}

/** It came to its end. */
export function forgetReservation(event: string, id: string): void {
  if (ownReservation(event) === id) remember(`own.${event}`, undefined);
}

/** What the reservation was asked for with, if this tab asked. */
export function wishOf(id: string): ReservationRequest | undefined {
  return recall<ReservationRequest>(`wish.${id}`);
}
