import type { Point } from './geometry';

export interface GestureHandlers {
  onPan(dx: number, dy: number): void;
  onZoom(at: Point, factor: number): void;
}

const DRAG_THRESHOLD_PX = 6;

/**
 * Drag to pan, pinch or Ctrl+wheel to zoom. A bare wheel is left to the page. A drag swallows the click that
 * browsers send at its end, so that panning never chooses a seat.
 */
export function listenForGestures(surface: HTMLElement, handlers: GestureHandlers): () => void {
  const pointers = new Map<number, Point>();
  let dragged = false;
  let start: Point = { x: 0, y: 0 };
  const end = new AbortController();
  const options = { signal: end.signal };

  const local = (event: MouseEvent): Point => {
    const box = surface.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  surface.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    if (pointers.size === 0) {
      dragged = false;
      start = local(event);
    }
    pointers.set(event.pointerId, local(event));
  }, options);
  surface.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = local(event);
    if (!dragged && pointers.size === 1 && distance(start, now) < DRAG_THRESHOLD_PX) return;
    // Captured only when a drag begins: earlier, the click of a simple tap would go to the surface and not to the seat.
    if (!dragged) for (const id of pointers.keys()) surface.setPointerCapture(id);
    dragged = true;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (!other) return handlers.onPan(now.x - before.x, now.y - before.y);
    const was = distance(before, other);
    if (was > 0) handlers.onZoom(midpoint(now, other), distance(now, other) / was);
    handlers.onPan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }, options);
  const lift = (event: PointerEvent) => pointers.delete(event.pointerId);
  surface.addEventListener('pointerup', lift, options);
  surface.addEventListener('pointercancel', lift, options);
  surface.addEventListener('click', (event) => {
    if (!dragged) return;
    dragged = false;
    event.stopPropagation();
    event.preventDefault();
  }, { ...options, capture: true });
  surface.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    handlers.onZoom(local(event), Math.exp(-event.deltaY * (event.deltaMode === 0 ? 0.005 : 0.08)));
  }, { ...options, passive: false });
  return () => end.abort();
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function midpoint(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
