import type { Box, Point } from './geometry';

/** From plan to screen: `screen = plan * scale + (x, y)`. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** The view that shows all of a box, centred, but never larger than `maxScale`. */
export function fit(box: Box, size: Size, maxScale = Infinity): View {
  const scale = Math.min(size.width / box.width, size.height / box.height, maxScale);
  return {
    scale,
    x: (size.width - box.width * scale) / 2 - box.x * scale,
    y: (size.height - box.height * scale) / 2 - box.y * scale,
  };
}

/** Zooms by a factor around a screen point, which stays in place. */
export function zoomAt(view: View, at: Point, factor: number): View {
  return { scale: view.scale * factor, x: at.x - (at.x - view.x) * factor, y: at.y - (at.y - view.y) * factor };
}

/** The smallest and the largest scale. */
export interface Limits {
  least: number;
  most: number;
}

/** A scale within its limits. */
export function limited(scale: number, { least, most }: Limits): number {
  return Math.min(Math.max(scale, least), Math.max(least, most));
}

/** Keeps the scale within its limits, and the plan in view. */
export function clamp(view: View, box: Box, size: Size, limits: Limits): View {
  const scale = limited(view.scale, limits);
  const held = scale === view.scale ? view : zoomAt(view, { x: size.width / 2, y: size.height / 2 }, scale / view.scale);
  return {
    scale,
    x: clampAxis(held.x, box.x * scale, box.width * scale, size.width),
    y: clampAxis(held.y, box.y * scale, box.height * scale, size.height),
  };
}

/** The smallest move that brings a plan point at least `margin` screen units inside. */
export function reveal(view: View, point: Point, size: Size, margin: number): View {
  const x = point.x * view.scale + view.x;
  const y = point.y * view.scale + view.y;
  return { ...view, x: view.x + inward(x, size.width, margin), y: view.y + inward(y, size.height, margin) };
}

/** The part of the plan that is on screen. */
export function visible(view: View, size: Size): Box {
  return { x: -view.x / view.scale, y: -view.y / view.scale, width: size.width / view.scale, height: size.height / view.scale };
}

function clampAxis(offset: number, start: number, length: number, screen: number): number {
  if (length <= screen) return (screen - length) / 2 - start;
  return Math.min(Math.max(offset, screen - start - length), -start);
}

function inward(at: number, length: number, margin: number): number {
  if (at < margin) return margin - at;
  return at > length - margin ? length - margin - at : 0;
}
