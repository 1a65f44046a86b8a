import type { Box, Point } from './geometry';
import type { Plan, PlanSection, Row, Seat } from './plan';

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last';

/** The seat that an arrow key moves to: along the row, else the nearest in the next row, else across the aisle. */
export function seatTowards(plan: Plan, seat: Seat, direction: Direction): Seat | undefined {
  const section = plan.sections.find((one) => one.number === seat.section);
  const rowIndex = section?.rows.findIndex((row) => row.seats.includes(seat)) ?? -1;
  const row = section?.rows[rowIndex];
  if (!section || !row) return undefined;
  const place = row.seats.indexOf(seat);
  if (direction === 'first') return row.seats[0];
  if (direction === 'last') return row.seats.at(-1);
  if (direction === 'left') return row.seats[place - 1] ?? overTheAisle(plan, seat, direction);
  if (direction === 'right') return row.seats[place + 1] ?? overTheAisle(plan, seat, direction);
  const next = section.rows[rowIndex + (direction === 'up' ? -1 : 1)];
  return next ? nearestInRow(next, seat.x) : overTheAisle(plan, seat, direction);
}

/** The section that an arrow key moves to from another one. */
export function sectionTowards(sections: readonly PlanSection[], from: PlanSection, direction: Direction): PlanSection | undefined {
  if (direction === 'first') return sections[0];
  if (direction === 'last') return sections.at(-1);
  const start = middle(from.box);
  return nearest(
    sections.filter((one) => one !== from),
    (one) => middle(one.box),
    start,
    direction,
  );
}

function overTheAisle(plan: Plan, seat: Seat, direction: Direction): Seat | undefined {
  const others = [...plan.seats.values()].filter((one) => one.section !== seat.section);
  return nearest(others, (one) => one, seat, direction);
}

function nearestInRow(row: Row, x: number): Seat | undefined {
  return row.seats.reduce<Seat | undefined>((best, one) => (!best || Math.abs(one.x - x) < Math.abs(best.x - x) ? one : best), undefined);
}

// Sideways distance counts double, so that an arrow prefers the straight direction to the closest seat.
function nearest<T>(list: readonly T[], at: (one: T) => Point, from: Point, direction: Direction): T | undefined {
  let best: T | undefined;
  let least = Infinity;
  for (const one of list) {
    const dx = at(one).x - from.x;
    const dy = at(one).y - from.y;
    const ahead = { left: -dx, right: dx, up: -dy, down: dy, first: 0, last: 0 }[direction];
    const aside = direction === 'left' || direction === 'right' ? Math.abs(dy) : Math.abs(dx);
    if (ahead > 0 && ahead >= aside / 2 && ahead + 2 * aside < least) {
      least = ahead + 2 * aside;
      best = one;
    }
  }
  return best;
}

function middle(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
