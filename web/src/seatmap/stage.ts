import type { Plan } from './plan';
import { stageHeight } from './stage-height';
import { svg } from './svg';

/** A bar at the top that shows where the stage is. */
export function stage(plan: Plan): SVGGElement {
  const { x, y, width } = plan.box;
  const barWidth = width * 0.4;
  // A wide plan is shown smaller, and the word must stay readable.
  const height = stageHeight(plan.pitch, width);
  const left = x + (width - barWidth) / 2;
  const top = y + plan.pitch * 0.4;
  const attributes = { x: left, y: top, width: barWidth, height, rx: height / 2 };
  const middle = { x: x + width / 2, y: top + height / 2, dy: '0.35em', 'text-anchor': 'middle' };
  const word = svg('text', { ...middle, 'font-size': height * 0.6 }, 'Stage');
  return svg('g', { class: 'stage', 'aria-hidden': 'true' }, svg('rect', attributes), word);
}
