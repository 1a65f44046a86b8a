import { seatTowards, sectionTowards, type Direction } from './neighbours';
import type { Plan, PlanSection, Seat } from './plan';

export interface KeyTarget {
  zoom(factor: number): void;
  showAll(): void;
  focusSeat(seat: Seat): void;
  focusSection(section: PlanSection): void;
}

export interface KeyLookup {
  seatOf(target: EventTarget | null): Seat | undefined;
  sectionOf(target: EventTarget | null): PlanSection | undefined;
  act(target: EventTarget | null): void;
}

const DIRECTIONS: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

const ZOOM_STEP = 1.5;

/** Arrow keys move, Enter and Space choose, plus and minus zoom, Escape shows the whole plan. */
export function listenForKeys(root: Element, map: KeyTarget, plan: Plan, lookup: KeyLookup, signal: AbortSignal): void {
  const handle = (event: KeyboardEvent): boolean => {
    const direction = DIRECTIONS[event.key];
    if (direction) return move(event.target, direction);
    if (event.key === 'Enter' || event.key === ' ') lookup.act(event.target);
    else if (event.key === '+' || event.key === '=') map.zoom(ZOOM_STEP);
    else if (event.key === '-') map.zoom(1 / ZOOM_STEP);
    else if (event.key === '0' || event.key === 'Escape') map.showAll();
    else return false;
    return true;
  };
  const move = (target: EventTarget | null, direction: Direction): boolean => {
    const seat = lookup.seatOf(target);
    const section = lookup.sectionOf(target);
    const nextSeat = seat && seatTowards(plan, seat, direction);
    const nextSection = section && sectionTowards(plan.sections, section, direction);
    if (nextSeat) map.focusSeat(nextSeat);
    else if (nextSection) map.focusSection(nextSection);
    return seat !== undefined || section !== undefined;
  };
  root.addEventListener('keydown', (event) => {
    const key = event as KeyboardEvent;
    if (!key.ctrlKey && !key.metaKey && !key.altKey && handle(key)) key.preventDefault();
  }, { signal });
}
