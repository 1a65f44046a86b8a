import { seatLabel, type Standing, canToggle } from './appearance';
import { grow, boxOf, overlap, type Box } from './geometry';
import { seatShape, shapeIndex, tick, wheelchair } from './glyphs';
import type { Plan, Row, Seat } from './plan';
import { svg } from './svg';

const SEATS_PER_FRAME = 1_500;
const RADIUS_PITCHES = 0.4;

interface Shelf {
  row: Row;
  box: Box;
  group: SVGGElement | undefined;
}

/**
 * The seats. Only rows near the visible part are in the document, and a change updates only the seats that it names.
 */
export class Rows {
  readonly group = svg('g', { class: 'seats' });
  private readonly shelves: Shelf[] = [];
  private readonly elements = new Map<number, SVGPathElement>();
  private readonly sectionGroups = new Map<number, SVGGElement>();
  private readonly radius: number;

  constructor(
    plan: Plan,
    private readonly tierPlace: (tier: number) => number,
    private readonly standingOf: (seat: Seat) => Standing,
  ) {
    this.radius = plan.pitch * RADIUS_PITCHES;
    for (const section of plan.sections) {
      const group = svg('g', { role: 'group', 'aria-label': section.name });
      this.sectionGroups.set(section.number, group);
      for (const row of section.rows) this.shelves.push({ row, box: grow(boxOf(row.seats), plan.pitch), group: undefined });
    }
    this.group.setAttribute('font-size', String(plan.pitch * 0.6));
  }

  element(seat: number): SVGPathElement | undefined {
    return this.elements.get(seat);
  }

  /**
   * Brings in the rows that the box touches and drops those far from it. Returns false when the frame's share of
   * work is used up and there is more to do.
   */
  show(box: Box | undefined, keep: Seat | undefined): boolean {
    const far = box && grow(box, Math.max(box.width, box.height) * 0.6);
    let budget = SEATS_PER_FRAME;
    for (const shelf of this.shelves) {
      if (box && !shelf.group && overlap(shelf.box, box)) {
        if (budget <= 0) return false;
        budget -= shelf.row.seats.length;
        this.mount(shelf);
      } else if (shelf.group && !(far && overlap(shelf.box, far)) && !(keep && shelf.row.seats.includes(keep))) {
        this.unmount(shelf);
      }
    }
    return true;
  }

  /** Makes sure that one seat is in the document. */
  bring(seat: Seat): SVGPathElement | undefined {
    const shelf = this.shelves.find((one) => one.row.seats.includes(seat));
    if (shelf && !shelf.group) this.mount(shelf);
    return this.elements.get(seat.number);
  }

  /** Redraws one seat in its current state, if it is in the document. */
  refresh(seat: Seat): void {
    const element = this.elements.get(seat.number);
    if (element) this.dress(element, seat);
  }

  private mount(shelf: Shelf): void {
    const section = shelf.row.seats[0]?.section ?? 0;
    const group = svg('g', { role: 'group', 'aria-label': `Row ${shelf.row.name}` });
    const marks: SVGPathElement[] = [];
    for (const seat of shelf.row.seats) {
      const shape = shapeIndex(this.tierPlace(seat.tier));
      const element = svg('path', { d: seatShape(shape, seat.x, seat.y, this.radius), role: 'button', 'data-seat': seat.number });
      this.elements.set(seat.number, element);
      this.dress(element, seat);
      group.append(element);
      if (seat.accessible) marks.push(this.wheelchair(seat));
    }
    group.append(...marks, ...this.rowNames(shelf.row));
    shelf.group = group;
    this.place(section, shelf);
  }

  // Screen readers read rows in document order, so a row returns to its old place.
  private place(section: number, shelf: Shelf): void {
    const parent = this.sectionGroups.get(section);
    if (!parent || !shelf.group) return;
    if (!parent.isConnected) this.group.append(parent);
    const later = this.shelves.slice(this.shelves.indexOf(shelf) + 1).find((one) => one.group?.parentNode === parent);
    parent.insertBefore(shelf.group, later?.group ?? null);
  }

  private unmount(shelf: Shelf): void {
    for (const seat of shelf.row.seats) this.elements.delete(seat.number);
    const parent = shelf.group?.parentNode;
    shelf.group?.remove();
    shelf.group = undefined;
    if (parent instanceof SVGGElement && parent.childNodes.length === 0) parent.remove();
  }

  private rowNames(row: Row): SVGTextElement[] {
    const [first, last] = [row.seats[0], row.seats.at(-1)];
    if (!first || !last || row.name === '') return [];
    const shared = { class: 'row-name', 'text-anchor': 'middle', dy: '0.35em', 'aria-hidden': 'true' };
    return [
      svg('text', { ...shared, x: first.x - this.radius * 2.4, y: first.y }, row.name),
      svg('text', { ...shared, x: last.x + this.radius * 2.4, y: last.y }, row.name),
    ];
  }

  private wheelchair(seat: Seat): SVGPathElement {
    return svg('path', { d: wheelchair(seat.x, seat.y, this.radius), class: 'wheelchair', 'aria-hidden': 'true' });
  }

  private dress(element: SVGPathElement, seat: Seat): void {
    const standing = this.standingOf(seat);
    element.setAttribute('class', `seat tone${shapeIndex(this.tierPlace(seat.tier))} ${standing}`);
    element.setAttribute('aria-label', seatLabel(seat, standing));
    element.setAttribute('aria-pressed', String(standing === 'chosen' || standing === 'asked' || standing === 'own'));
    if (canToggle(standing)) element.removeAttribute('aria-disabled');
    else element.setAttribute('aria-disabled', 'true');
  }

  /** The ticks that lie over chosen seats. */
  ticks(seats: readonly Seat[]): SVGPathElement[] {
    return seats.map((seat) => svg('path', { d: tick(seat.x, seat.y, this.radius), class: 'tick', 'stroke-width': this.radius * 0.26 }));
  }
}
