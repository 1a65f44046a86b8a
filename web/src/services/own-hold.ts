import { recall, remember } from './memory';
import type { EventRef, ReservationRequest } from './types';

/** The request of a reservation and the labels of its tickets, because a rejected reservation no longer has them. */
export interface Wish {
  request: ReservationRequest;
  names: Record<number, string>;
}

/** The id of this tab's latest reservation of an event, to link back to it. */
export function ownReservation(event: EventRef): string | undefined {
  return recall<string>(`own.${event}`);
}

/** Remembers a reservation and its request. */
export function rememberReservation(event: EventRef, id: string, wish: Wish): void {
  remember(`own.${event}`, id);
  remember(`wish.${id}`, wish);
}

/** Forgets a reservation that has ended. */
export function forgetReservation(event: EventRef, id: string): void {
  if (ownReservation(event) === id) remember(`own.${event}`, undefined);
}

/** The request of the reservation, if this tab sent it. */
export function wishOf(id: string): Wish | undefined {
  return recall<Wish>(`wish.${id}`);
}
