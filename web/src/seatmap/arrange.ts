import type { LayoutSection, LayoutTicket } from '../services/types';
import { boxOf, type Box } from './geometry';

export interface Placed {
  section: LayoutSection;
  seats: LayoutTicket[];
  box: Box;
}

const GAP_PITCHES = 4;
const AISLE_PITCHES = 3;
const BLOCK_HEIGHT_PITCHES = 6;

/**
 * Places every section in one plane. Seats keep their coordinates where sections lie apart; where seats would fall
 * on each other, the sections move aside. General sections get a block each: before the first seated section they
 * stand in front of it, later ones behind.
 */
export function arrange(sections: readonly { section: LayoutSection; seats: LayoutTicket[] }[], pitch: number): Placed[] {
  const seated = sections.filter((one) => one.seats.length > 0).map((one) => ({ ...one, box: boxOf(one.seats) }));
  const placed = apart(seated, pitch) ? seated : spread(seated, AISLE_PITCHES * pitch);
  const seatsBox = boxOf(placed.flatMap((one) => one.seats));
  const width = seatsBox.width > 0 ? seatsBox.width : 40 * pitch;
  const first = sections.findIndex((one) => one.seats.length > 0);
  const [inFront, behind] = [sections.slice(0, Math.max(0, first)), sections.slice(Math.max(0, first))];
  const blocks = (list: typeof sections, top: number) =>
    list.filter((one) => one.seats.length === 0).map((one, index) => ({ ...one, box: block(seatsBox.x, top, width, pitch, index) }));
  const frontCount = inFront.length;
  return [
    ...blocks(inFront, seatsBox.y - frontCount * rowHeight(pitch)),
    ...placed,
    ...blocks(behind, seatsBox.y + seatsBox.height + GAP_PITCHES * pitch),
  ];
}

// The boxes of curved sections may overlap although the sections do not. So compare the seats.
function apart(sections: readonly Placed[], pitch: number): boolean {
  const owner = new Map<string, Placed>();
  let seats = 0;
  let collisions = 0;
  for (const one of sections) {
    for (const { x, y } of one.seats) {
      const cell = `${Math.round(x / pitch)},${Math.round(y / pitch)}`;
      const known = owner.get(cell);
      if (known && known !== one) collisions += 1;
      owner.set(cell, one);
      seats += 1;
    }
  }
  return collisions <= seats / 100;
}

function block(x: number, top: number, width: number, pitch: number, index: number): Box {
  return { x, y: top + index * rowHeight(pitch), width, height: BLOCK_HEIGHT_PITCHES * pitch };
}

function rowHeight(pitch: number): number {
  return (BLOCK_HEIGHT_PITCHES + GAP_PITCHES) * pitch;
}

// Side by side within each band of sections at the same depth, in the order they were drawn, with an aisle between.
function spread(sections: Placed[], aisle: number): Placed[] {
  const bands: Placed[][] = [];
  for (const one of [...sections].sort((a, b) => a.box.y - b.box.y)) {
    const band = bands.find((list) => list.some(({ box }) => one.box.y <= box.y + box.height && box.y <= one.box.y + one.box.height));
    if (band) band.push(one);
    else bands.push([one]);
  }
  return bands.flatMap((band) => spreadBand(band, aisle));
}

function spreadBand(band: Placed[], aisle: number): Placed[] {
  const ordered = [...band].sort((a, b) => middleX(a.box) - middleX(b.box) || a.section.number - b.section.number);
  const whole = boxOf(ordered.flatMap((one) => one.seats));
  const width = ordered.reduce((sum, one) => sum + one.box.width, 0) + aisle * (ordered.length - 1);
  let left = middleX(whole) - width / 2;
  return ordered.map((one) => {
    const dx = left - one.box.x;
    left += one.box.width + aisle;
    return { ...one, seats: one.seats.map((seat) => ({ ...seat, x: seat.x + dx })), box: { ...one.box, x: one.box.x + dx } };
  });
}

function middleX(box: Box): number {
  return box.x + box.width / 2;
}
