import type { SeatState } from '../live/board';
import { money } from '../services/format';
import { seatName, type Seat } from './plan';

/** How a seat looks to this buyer: its public state, or the buyer's own choice or hold. */
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

/** Whether a click may choose the seat or remove it from the choice. */
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
