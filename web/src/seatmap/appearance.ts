import type { SeatState } from '../live/board';
import { money } from '../services/format';
import { seatName, type Seat } from './plan';

/** What a seat is to this buyer: the house's state, or something nearer. */
export type Standing = SeatState | 'chosen' | 'asked' | 'own';

const WORDS: Record<Standing, string> = {
  available: 'available',
  held: 'held by another buyer',
  taken: 'taken',
  blocked: 'not for sale',
  chosen: 'chosen',
  asked: 'being held for you',
  own: 'held for you',
};

/** True when a click may choose it or give it up. */
export function canToggle(standing: Standing): boolean {
  return standing === 'available' || standing === 'chosen';
}

/** "Row C, seat 14, available, €25". */
export function seatLabel(seat: Seat, standing: Standing): string {
  const parts = [seatName(seat), WORDS[standing]];
  if (seat.price) parts.push(money(seat.price));
  if (seat.accessible) parts.push('wheelchair space');
  return parts.join(', ');
}
