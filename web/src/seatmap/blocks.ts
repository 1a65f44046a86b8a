import { priceRange } from '../services/format';
import type { Money } from '../services/types';
import type { Plan, PlanSection } from './plan';
import { svg } from './svg';

const LABEL_PX = 15;
/** Approximate width of a letter, in ems; exact enough to decide whether a name fits its block. */
const LETTER_EM = 0.64;
const LINE_EM = 1.15;

/** The section shapes: buttons while zoomed out, only a background once seats are visible. */
export class Blocks {
  readonly group = svg('g', { class: 'blocks' });
  private readonly elements = new Map<number, { block: SVGGElement; name: SVGTextElement; left: SVGTextElement }>();
  private readonly leftNow = new Map<number, number>();

  constructor(
    private readonly plan: Plan,
    private readonly pricesOf: (section: PlanSection) => Money[],
  ) {
    for (const section of plan.sections) this.add(section);
  }

  element(section: number): SVGGElement | undefined {
    return this.elements.get(section)?.block;
  }

  /** Shows how many tickets a section has left. */
  setLeft(section: PlanSection, left: number | undefined): void {
    const known = this.elements.get(section.number);
    if (!known) return;
    if (left !== undefined) this.leftNow.set(section.number, left);
    known.left.textContent = left === undefined ? '' : leftText(left);
    known.block.classList.toggle('sold-out', left === 0);
    known.block.setAttribute('aria-label', this.label(section));
  }

  /** Keeps the text the same size on screen, and shows as much of each name as fits its block. */
  scaleTo(scale: number): void {
    this.group.setAttribute('font-size', String(LABEL_PX / scale));
    const quiet = this.group.classList.contains('quiet');
    for (const section of this.plan.sections) {
      const known = this.elements.get(section.number);
      const words = quiet && section.kind === 'seated' ? [section.name] : linesThatFit(section.name, section.box.width * scale);
      if (known) write(known.name, words, section.box.x + section.box.width / 2);
    }
  }

  /** The seats of these sections are visible, so the shapes under them are no longer buttons. */
  setQuiet(quiet: boolean): void {
    this.group.classList.toggle('quiet', quiet);
    for (const section of this.plan.sections) {
      if (section.kind === 'general') continue;
      const known = this.elements.get(section.number);
      // When seats are visible, the name moves to the section's edge.
      known?.name.setAttribute('y', String(quiet ? section.box.y + this.plan.pitch * 0.2 : middleY(section)));
      if (quiet) {
        known?.block.setAttribute('aria-hidden', 'true');
        known?.block.removeAttribute('tabindex');
      } else known?.block.removeAttribute('aria-hidden');
    }
  }

  private add(section: PlanSection): void {
    const { x, width } = section.box;
    const points = section.outline.map((point) => `${point.x},${point.y}`).join(' ');
    const outline = svg('polygon', { points, 'stroke-width': this.plan.pitch * 1.7 });
    const at = { x: x + width / 2, y: middleY(section), 'text-anchor': 'middle' };
    const name = svg('text', { ...at, class: 'name' });
    const left = svg('text', { ...at, dy: '1.05em', class: 'left' });
    const block = svg('g', { class: `block ${section.kind}`, role: 'button', 'data-section': section.number }, outline, name, left);
    this.elements.set(section.number, { block, name, left });
    this.group.append(block);
    this.setLeft(section, undefined);
  }

  private label(section: PlanSection): string {
    // Begins with the visible name, so that voice control understands "click Stalls".
    const left = this.leftNow.get(section.number);
    const count = left === undefined ? '' : ` ${leftText(left)}`;
    const prices = priceRange(this.pricesOf(section));
    const act = section.kind === 'general' ? 'choose how many' : 'show seats';
    return `${section.name}${count}${prices === '' ? '' : `, ${prices}`}, ${act}`;
  }
}

function leftText(left: number): string {
  return left === 0 ? 'sold out' : `${left} left`;
}

/** The name on one line, else a word a line, else nothing. */
function linesThatFit(name: string, roomPx: number): string[] {
  const fits = (text: string) => text.length * LETTER_EM * LABEL_PX < roomPx;
  if (fits(name)) return [name];
  const words = name.split(' ');
  return words.every(fits) ? words : [];
}

// Lines end just above the middle, where the count begins.
function write(text: SVGTextElement, lines: string[], x: number): void {
  if (text.dataset['lines'] === lines.join('\n')) return;
  text.dataset['lines'] = lines.join('\n');
  const rise = -0.15 - LINE_EM * (lines.length - 1);
  const spans = lines.map((line, index) => svg('tspan', { x, dy: `${index === 0 ? rise : LINE_EM}em` }, `${line} `));
  text.replaceChildren(...spans);
}

function middleY(section: PlanSection): number {
  return section.box.y + section.box.height / 2;
}
