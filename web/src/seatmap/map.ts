import type { Change, SeatState } from '../live/board';
import type { Money } from '../services/types';
import { seatLabel, type Standing } from './appearance';
import { Blocks } from './blocks';
import { grow } from './geometry';
import { listenForGestures } from './gestures';
import { listenForKeys } from './keys';
import type { Plan, PlanSection, Seat } from './plan';
import { Rows } from './rows';
import { stage } from './stage';
import { svg } from './svg';
import { clamp, fit, limited, reveal, visible, zoomAt, type Limits, type Size, type View } from './viewport';

export interface SeatMapOptions {
  plan: Plan;
  /** The id of the element that says how the map is moved. */
  helpId: string;
  stateOf(seat: Seat): SeatState;
  tierPlace(tier: number): number;
  pricesOf(section: PlanSection): Money[];
  onToggle(seat: Seat): void;
  onGeneral(section: number): void;
  /** The seat under the pointer or the focus, in words. */
  onPoint(text: string): void;
}

/** With at least this distance between seats on screen, seats are shown instead of sections. */
const READABLE_PX = 12;
/** Zooming to a section makes seats at least this large: for a finger, and for a mouse. */
const COMFORTABLE_PX = 26;
const MOUSE_PX = 20;
const LARGEST_PX = 56;
/** The largest scale of the whole plan, so that a small plan is not enlarged without limit. */
const WHOLE_LARGEST_PX = 36;
/** If seats are smaller than this, a tap zooms in instead of choosing. */
const FINGER_PX = 22;

/** The map: one SVG outside the component tree, so that a change to a seat costs only a new class name. */
export class SeatMap {
  private readonly world = svg('g', { class: 'world' });
  private readonly marks = svg('g', { class: 'marks', 'aria-hidden': 'true' });
  private readonly root: SVGSVGElement;
  private readonly blocks: Blocks;
  private readonly rows: Rows;
  private readonly end = new AbortController();
  private view: View = { scale: 1, x: 0, y: 0 };
  private size: Size = { width: 0, height: 0 };
  private frame = 0;
  private chosen: ReadonlySet<number> = new Set();
  private own: ReadonlySet<number> = new Set();
  private asking = false;
  private roving: Element | undefined;

  constructor(
    private readonly host: HTMLElement,
    private readonly options: SeatMapOptions,
  ) {
    const { plan } = options;
    this.blocks = new Blocks(plan, options.pricesOf);
    this.rows = new Rows(plan, options.tierPlace, (seat) => this.standingOf(seat));
    this.world.append(stage(plan), this.blocks.group, this.rows.group, this.marks);
    this.root = svg('svg', { class: 'seatmap', role: 'group', 'aria-label': 'Seat map', 'aria-describedby': options.helpId }, this.world);
    host.style.aspectRatio = `${plan.box.width} / ${plan.box.height}`;
    host.append(this.root);
    this.listen();
  }

  destroy(): void {
    this.end.abort();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  /** Seats changed elsewhere. */
  update(changes: readonly Change[]): void {
    for (const [ticket] of changes) this.refresh(ticket);
  }

  /** How many tickets a section has left. */
  setLeft(section: number, left: number | undefined): void {
    const known = this.section(section);
    if (known) this.blocks.setLeft(known, left);
  }

  /** What this buyer has chosen, requested, and already holds. */
  setMine(chosen: ReadonlySet<number>, own: ReadonlySet<number>, asking: boolean): void {
    const touched = new Set([...this.chosen, ...this.own, ...chosen, ...own]);
    this.chosen = chosen;
    this.own = own;
    this.asking = asking;
    for (const number of touched) this.refresh(number);
    const seats = [...chosen, ...own].map((number) => this.options.plan.seats.get(number)).filter((seat) => seat !== undefined);
    this.marks.replaceChildren(...this.rows.ticks(seats));
  }

  zoom(factor: number, at = { x: this.size.width / 2, y: this.size.height / 2 }): void {
    const { scale } = this.view;
    this.moveTo(zoomAt(this.view, at, limited(scale * factor, this.limits()) / scale));
  }

  pan(dx: number, dy: number): void {
    this.moveTo({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  showAll(): void {
    this.moveTo(this.whole());
  }

  /** Zooms to a section; with `focus`, the keyboard goes on from its first free seat. */
  showSection(number: number, focus = false): void {
    const section = this.section(number);
    if (!section) return;
    const close = fit(section.box, this.size, LARGEST_PX / this.options.plan.pitch);
    const least = matchMedia('(pointer: coarse)').matches ? COMFORTABLE_PX : MOUSE_PX;
    const scale = Math.max(close.scale, least / this.options.plan.pitch);
    const first = this.firstFree(section);
    let view = zoomAt(close, { x: this.size.width / 2, y: this.size.height / 2 }, scale / close.scale);
    if (first) view = reveal(view, first, this.size, COMFORTABLE_PX * 2);
    this.moveTo(view);
    if (focus && first) this.focusSeat(first);
  }

  /** Moves the focus to a seat, and scrolls it into view. */
  focusSeat(seat: Seat): void {
    this.rows.bring(seat);
    this.moveTo(reveal(this.view, seat, this.size, COMFORTABLE_PX * 2));
    this.rove(this.rows.element(seat.number), true);
  }

  focusSection(section: PlanSection): void {
    this.rove(this.blocks.element(section.number), true);
  }

  private standingOf(seat: Seat): Standing {
    if (this.own.has(seat.number)) return 'own';
    if (this.chosen.has(seat.number)) return this.asking ? 'asked' : 'chosen';
    return this.options.stateOf(seat);
  }

  private refresh(number: number): void {
    const seat = this.options.plan.seats.get(number);
    if (seat) this.rows.refresh(seat);
  }

  private section(number: number): PlanSection | undefined {
    return this.options.plan.sections.find((one) => one.number === number);
  }

  private firstFree(section: PlanSection): Seat | undefined {
    const seats = section.rows.flatMap((row) => row.seats);
    return seats.find((seat) => this.standingOf(seat) === 'available') ?? seats[0];
  }

  private whole(): View {
    return fit(this.options.plan.box, this.size, WHOLE_LARGEST_PX / this.options.plan.pitch);
  }

  private limits(): Limits {
    return { least: this.whole().scale, most: LARGEST_PX / this.options.plan.pitch };
  }

  private moveTo(view: View): void {
    if (this.size.width === 0) return;
    this.view = clamp(view, this.options.plan.box, this.size, this.limits());
    const { scale, x, y } = this.view;
    this.world.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.settle());
  }

  // Shows sections or seats, and mounts the visible ones, as many as one frame allows at a time.
  private settle(): void {
    const { scale } = this.view;
    const close = scale * this.options.plan.pitch >= READABLE_PX;
    const screen = visible(this.view, this.size);
    const focused = this.seatOf(document.activeElement);
    this.host.classList.toggle('zoomed', scale > this.whole().scale * 1.01);
    this.blocks.setQuiet(close);
    this.blocks.scaleTo(scale);
    const done = this.rows.show(close ? grow(screen, screen.width * 0.1) : undefined, close ? focused : undefined);
    if (focused && !close) this.rove(this.blocks.element(focused.section), true);
    this.keepRoving();
    if (!done) this.frame = requestAnimationFrame(() => this.settle());
  }

  // Exactly one element of the map is a Tab stop, no matter which are mounted.
  private keepRoving(): void {
    const usable = this.roving?.isConnected && this.roving.getAttribute('aria-hidden') !== 'true';
    if (usable) return;
    const held = this.roving !== undefined && this.roving === document.activeElement;
    const first =
      this.rows.group.querySelector('[data-seat]:not([aria-disabled])') ??
      this.blocks.group.querySelector('[data-section]:not([aria-hidden])');
    this.rove(first ?? undefined, held);
  }

  private rove(element: Element | undefined, focus: boolean): void {
    if (this.roving !== element) this.roving?.removeAttribute('tabindex');
    this.roving = element;
    element?.setAttribute('tabindex', '0');
    if (focus && element instanceof SVGElement) element.focus({ preventScroll: true });
  }

  private listen(): void {
    const { signal } = this.end;
    const gestures = listenForGestures(this.host, {
      onPan: (dx, dy) => this.pan(dx, dy),
      onZoom: (at, factor) => this.zoom(factor, at),
    });
    signal.addEventListener('abort', gestures);
    this.root.addEventListener('click', (event) => this.onClick(event), { signal });
    this.root.addEventListener('pointerover', (event) => this.describe(event.target), { signal });
    this.root.addEventListener('pointerleave', () => this.describe(document.activeElement), { signal });
    // Not on the SVG: Chromium makes an SVG element that listens for focus a Tab stop.
    this.host.addEventListener('focusin', (event) => this.describe(event.target), { signal });
    listenForKeys(this.root, this, this.options.plan, {
      seatOf: (target) => this.seatOf(target),
      sectionOf: (target) => this.sectionOf(target),
      act: (target) => this.act(target, true),
    }, signal);
    const sized = new ResizeObserver(() => this.measure());
    sized.observe(this.host);
    signal.addEventListener('abort', () => sized.disconnect());
  }

  private measure(): void {
    const first = this.size.width === 0;
    this.size = { width: this.host.clientWidth, height: this.host.clientHeight };
    if (first) this.showAll();
    else this.moveTo(this.view);
  }

  private onClick(event: MouseEvent): void {
    const pitchPx = this.view.scale * this.options.plan.pitch;
    const finger = event instanceof PointerEvent && event.pointerType === 'touch';
    if (finger && pitchPx < FINGER_PX && this.seatOf(event.target)) {
      const box = this.root.getBoundingClientRect();
      this.zoom((COMFORTABLE_PX * 1.2) / pitchPx, { x: event.clientX - box.left, y: event.clientY - box.top });
      return;
    }
    this.act(event.target, false);
  }

  private act(target: EventTarget | null, byKey: boolean): void {
    const seat = this.seatOf(target);
    const section = this.sectionOf(target);
    if (seat) {
      this.rove(this.rows.element(seat.number), true);
      this.options.onToggle(seat);
      this.describe(target);
    } else if (section?.kind === 'general') this.options.onGeneral(section.number);
    else if (section && !this.blocks.group.classList.contains('quiet')) this.showSection(section.number, byKey);
  }

  private describe(target: EventTarget | null): void {
    const seat = this.seatOf(target);
    if (!seat) return this.options.onPoint('');
    this.options.onPoint(`${this.section(seat.section)?.name ?? ''} · ${seatLabel(seat, this.standingOf(seat))}`);
  }

  private seatOf(target: EventTarget | null): Seat | undefined {
    const number = target instanceof Element && this.root.contains(target) ? target.getAttribute('data-seat') : null;
    return number === null ? undefined : this.options.plan.seats.get(Number(number));
  }

  private sectionOf(target: EventTarget | null): PlanSection | undefined {
    const block = target instanceof Element && this.root.contains(target) ? target.closest('[data-section]') : null;
    return block === null ? undefined : this.section(Number(block.getAttribute('data-section')));
  }
}
