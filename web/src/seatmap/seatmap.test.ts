import { expect, test } from 'vitest';
import type { Event, Layout } from '../services/types';
import { seatLabel } from './appearance';
import { hull, seatPitch } from './geometry';
import { seatTowards } from './neighbours';
import { planOf, seatName } from './plan';
import { clamp, fit, reveal, zoomAt } from './viewport';

const SIZE = { width: 800, height: 600 };

function venue(sections: { rows: string[]; seats: number; x: number; y: number }[]): { event: Event; layout: Layout } {
  let number = 0;
  const layout = {
    sections: sections.map((section, index) => ({
      number: index + 1,
      name: `Section ${index + 1}`,
      kind: 'seated' as const,
      tickets: section.rows.flatMap((row, depth) =>
        Array.from({ length: section.seats }, (_, seat) => ({
          number: (number += 1),
          row,
          seat: String(seat + 1),
          tier: 1,
          x: section.x + seat * 0.8,
          y: section.y + depth,
          accessible: false,
        })),
      ),
    })),
  };
  const event = {
    tiers: [{ number: 1, name: 'Standard', price: { amount: 2500, currency: 'EUR' } }],
    sections: layout.sections.map(({ number, name, kind }) => ({ number, name, kind, tiers: [1], capacity: 1, available: 1, version: 1 })),
  } as unknown as Event;
  return { event, layout };
}

const plan = ({ event, layout }: { event: Event; layout: Layout }) => planOf(event, layout);

test('a plan has the same distance between seats whatever units the layout came in', () => {
  const { seats, pitch } = plan(venue([{ rows: ['A', 'B'], seats: 10, x: 0, y: 0 }]));
  expect(pitch).toBe(20);
  expect((seats.get(2)?.x ?? 0) - (seats.get(1)?.x ?? 0)).toBeCloseTo(20);
});

test('sections that lie apart keep their places', () => {
  const { seats } = plan(venue([{ rows: ['A'], seats: 4, x: 0, y: 0 }, { rows: ['A'], seats: 4, x: 10, y: 0 }]));
  expect((seats.get(5)?.x ?? 0) - (seats.get(1)?.x ?? 0)).toBeCloseTo(250);
});

test('sections drawn over each other move aside', () => {
  const { sections } = plan(venue([{ rows: ['A', 'B'], seats: 10, x: 0, y: 0 }, { rows: ['A', 'B'], seats: 10, x: 4, y: 0 }]));
  const [first, second] = sections;
  expect(second?.box.x).toBeGreaterThan((first?.box.x ?? 0) + (first?.box.width ?? 0) - 1);
});

test('arrows lead along the row, to the nearest seat of the next row, and over the aisle', () => {
  const made = plan(venue([{ rows: ['A', 'B'], seats: 4, x: 0, y: 0 }, { rows: ['A', 'B'], seats: 4, x: 10, y: 0 }]));
  const from = (ticket: number, direction: 'left' | 'right' | 'up' | 'down' | 'first' | 'last') => {
    const seat = made.seats.get(ticket);
    return seat && seatTowards(made, seat, direction)?.number;
  };
  expect(from(2, 'right')).toBe(3);
  expect(from(2, 'down')).toBe(6);
  expect(from(6, 'up')).toBe(2);
  expect(from(4, 'right')).toBe(9);
  expect(from(1, 'left')).toBeUndefined();
  expect(from(2, 'last')).toBe(4);
});

test('a seat says everything that its looks say', () => {
  const seat = plan(venue([{ rows: ['C'], seats: 14, x: 0, y: 0 }])).seats.get(14);
  expect(seat && seatLabel(seat, 'available')).toBe('Row C, seat 14, available, €25');
  expect(seat && seatLabel({ ...seat, accessible: true }, 'taken')).toBe('Row C, seat 14, taken, €25, wheelchair space');
  expect(seatName({ row: '', seat: '7', number: 1 })).toBe('Seat 7');
});

test('the view fits the plan, zooms around a point, and never loses the plan', () => {
  const box = { x: 100, y: 100, width: 1600, height: 600 };
  const whole = fit(box, SIZE);
  expect(whole.scale).toBe(0.5);
  const closer = zoomAt(whole, { x: 200, y: 300 }, 2);
  expect((200 - closer.x) / closer.scale).toBeCloseTo((200 - whole.x) / whole.scale);
  const lost = clamp({ scale: 1, x: 99_999, y: 0 }, box, SIZE, { least: 0.5, most: 3 });
  expect(lost.x).toBe(-100);
  expect(clamp({ ...lost, scale: 99 }, box, SIZE, { least: 0.5, most: 3 }).scale).toBe(3);
});

test('revealing moves only as far as needed', () => {
  const view = { scale: 1, x: 0, y: 0 };
  expect(reveal(view, { x: 400, y: 300 }, SIZE, 50)).toEqual(view);
  expect(reveal(view, { x: 790, y: 300 }, SIZE, 50)).toEqual({ scale: 1, x: -40, y: 0 });
});

test('the hull leaves out what lies inside', () => {
  const square = [
    { x: 0, y: 0 },
    { x: 4, y: 0 },
    { x: 4, y: 4 },
    { x: 0, y: 4 },
  ];
  expect(hull([...square, { x: 2, y: 2 }])).toHaveLength(4);
  expect(seatPitch(square)).toBe(4);
});
