import { recall, remember } from './memory';
import type { EventRef, ReservationRequest } from './types';

/** What was asked for, and what its tickets are called: a refused reservation no longer says. */
export interface Wish {
  request: ReservationRequest;
  names: Record<number, string>;
}

/** The id of this tab's latest reservation of an event, for the way back to it. */
export function ownReservation(event: EventRef): string | undefined {
  return recall<string>(`own.${event}`);
}

/** Remembers a reservation and the wish that it came from. */
export function rememberReservation(event: EventRef, id: string, wish: Wish): void {
  remember(`own.${event}`, id);
  remember(`wish.${id}`, wish);
}

/** It came to its end. */
export function forgetReservation(event: EventRef, id: string): void {
  if (ownReservation(event) === id) remember(`own.${event}`, undefined);
}

/** What the reservation was asked for with, if this tab asked. */
export function wishOf(id: string): Wish | undefined {
  return recall<Wish>(`wish.${id}`);
}
