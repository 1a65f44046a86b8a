/** Shapes in plan units. Every tier has a shape of its own, so that no meaning depends on colour alone. */

const SHAPES = 5;

/** Which of the shapes (and tones) a tier has, by its place in the event's list. */
export function shapeIndex(place: number): number {
  return ((place % SHAPES) + SHAPES) % SHAPES;
}

/** A seat of radius `r` around (x, y). */
export function seatShape(shape: number, x: number, y: number, r: number): string {
  if (shape === 1) return box(x, y, r * 0.9, r * 0.9);
  if (shape === 2) return polygon(x, y, r * 1.12, 4, 0);
  if (shape === 3) return polygon(x, y, r * 1.08, 6, 0);
  if (shape === 4) return polygon(x, y + r * 0.15, r * 1.15, 3, -Math.PI / 2);
  return circle(x, y, r);
}

/** The tick on a chosen seat. */
export function tick(x: number, y: number, r: number): string {
  return `M${n(x - r * 0.45)} ${n(y)}l${n(r * 0.32)} ${n(r * 0.36)}l${n(r * 0.58)} ${n(-r * 0.68)}`;
}

/** A wheelchair: head, back and seat, wheel. */
export function wheelchair(x: number, y: number, r: number): string {
  const head = r * 0.14;
  const wheel = r * 0.34;
  return [
    circle(x - r * 0.1, y - r * 0.5, head),
    `M${n(x - r * 0.1)} ${n(y - r * 0.3)}v${n(r * 0.4)}h${n(r * 0.4)}l${n(r * 0.15)} ${n(r * 0.45)}`,
    `M${n(x - r * 0.2)} ${n(y - r * 0.05)}a${n(wheel)} ${n(wheel)} 0 1 0 ${n(r * 0.42)} ${n(r * 0.42)}`,
  ].join('');
}

function circle(x: number, y: number, r: number): string {
  return `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 1 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 1 ${n(-2 * r)} 0z`;
}

function box(x: number, y: number, w: number, h: number): string {
  const c = w * 0.3;
  return (
    `M${n(x - w + c)} ${n(y - h)}h${n(2 * (w - c))}l${n(c)} ${n(c)}v${n(2 * (h - c))}l${n(-c)} ${n(c)}` +
    `h${n(-2 * (w - c))}l${n(-c)} ${n(-c)}v${n(-2 * (h - c))}z`
  );
}

function polygon(x: number, y: number, r: number, corners: number, turn: number): string {
  const points = Array.from({ length: corners }, (_, index) => {
    const angle = turn + (index * 2 * Math.PI) / corners;
    return `${n(x + r * Math.cos(angle))} ${n(y + r * Math.sin(angle))}`;
  });
  return `M${points.join('L')}z`;
}

function n(value: number): number {
  return Math.round(value * 100) / 100;
}
