import type { Event, Layout, LayoutSection, LayoutTicket, Money, Section } from '../services/types';
import { grow, hull, seatPitch, type Box, type Point } from './geometry';
import { arrange } from './arrange';
import { stageHeight } from './stage-height';

export interface Seat {
  number: number;
  section: number;
  row: string;
  seat: string;
  tier: number;
  price: Money | undefined;
  accessible: boolean;
  x: number;
  y: number;
}

export interface Row {
  name: string;
  seats: Seat[];
}

export interface PlanSection {
  number: number;
  name: string;
  kind: 'seated' | 'general';
  rows: Row[];
  box: Box;
  outline: Point[];
}

/** All sections in one coordinate system, with the stage above the first row. */
export interface Plan {
  sections: PlanSection[];
  seats: Map<number, Seat>;
  /** Distance between neighbouring seats, in plan units: the same in every plan. */
  pitch: number;
  box: Box;
}

const PITCH = 20;
const MARGIN_PITCHES = 1;

/** The plan of an event's layout; sections without seats (general admission) get a block of their own. */
export function planOf(event: Event, layout: Layout): Plan {
  const info = new Map(event.sections.map((section) => [section.number, section]));
  const price = new Map(event.tiers.map((tier) => [tier.number, tier.price]));
  const pitch = PITCH;
  const placed = arrange(scaled(layout.sections), pitch);
  const seats = new Map<number, Seat>();
  const sections = placed.map((place) => {
    const rows = rowsOf(place.section, place.seats, price);
    for (const row of rows) for (const seat of row.seats) seats.set(seat.number, seat);
    return section(place.section, info.get(place.section.number), rows, place.box, pitch);
  });
  return { sections, seats, pitch, box: around(sections, pitch) };
}

/** "Row C, seat 14", or less if the plan has no rows or seat numbers. */
export function seatName(seat: Pick<Seat, 'row' | 'seat' | 'number'>): string {
  if (seat.row !== '' && seat.seat !== '') return `Row ${seat.row}, seat ${seat.seat}`;
  return seat.seat === '' ? `Ticket ${seat.number}` : `Seat ${seat.seat}`;
}

// Layouts use any unit that their author chose. Text and strokes need units of a known size.
function scaled(sections: readonly LayoutSection[]): { section: LayoutSection; seats: LayoutTicket[] }[] {
  const factor = PITCH / seatPitch(sections.flatMap((one) => one.tickets));
  return sections.map((one) => ({
    section: one,
    seats: one.tickets.map((seat) => ({ ...seat, x: seat.x * factor, y: seat.y * factor })),
  }));
}

function section(layout: LayoutSection, info: Section | undefined, rows: Row[], box: Box, pitch: number): PlanSection {
  const { number, name } = layout;
  const margin = MARGIN_PITCHES * pitch;
  const outline = rows.length > 0 ? hull(rows.flatMap((row) => row.seats)) : cornersOf(box);
  return { number, name: info?.name ?? name, kind: layout.kind, rows, outline, box: grow(box, margin) };
}

function rowsOf(layout: LayoutSection, tickets: LayoutTicket[], price: Map<number, Money>): Row[] {
  const rows = new Map<string, Seat[]>();
  for (const ticket of tickets) {
    const { number, row, seat, tier, accessible, x, y } = ticket;
    const known = rows.get(row) ?? [];
    known.push({ number, section: layout.number, row, seat, tier, price: price.get(tier), accessible, x, y });
    rows.set(row, known);
  }
  const sorted = [...rows].map(([name, seats]) => ({ name, seats: seats.sort((a, b) => a.x - b.x || a.number - b.number) }));
  return sorted.sort((a, b) => middleY(a) - middleY(b));
}

function middleY(row: Row): number {
  return row.seats.reduce((sum, seat) => sum + seat.y, 0) / row.seats.length;
}

function around(sections: PlanSection[], pitch: number): Box {
  const boxes = sections.map((one) => one.box);
  if (boxes.length === 0) return { x: 0, y: 0, width: 1, height: 1 };
  const left = Math.min(...boxes.map((box) => box.x)) - pitch;
  const right = Math.max(...boxes.map((box) => box.x + box.width)) + pitch;
  const top = Math.min(...boxes.map((box) => box.y)) - 1.5 * pitch - stageHeight(pitch, right - left);
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + pitch;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function cornersOf({ x, y, width, height }: Box): Point[] {
  return [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
}
