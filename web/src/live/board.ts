import { signal, type Signal } from '@preact/signals';
import type { Availability, AvailabilityDelta, SectionAvailability, SectionDelta } from '../services/types';
import { numbersIn } from './ranges';

/** `taken`: held or sold. The snapshot alone does not distinguish the two. */
export type SeatState = 'available' | 'held' | 'taken' | 'blocked';

export type Change = [ticket: number, state: SeatState];

interface SectionState {
  version: number;
  notAvailable: Map<number, SeatState>;
}

const STATE_OF = { available: 'available', held: 'held', sold: 'taken', blocked: 'blocked' } as const;

/**
 * What is free, section by section, each at a version. Snapshots and deltas may arrive late, twice or with gaps:
 * older ones are ignored, and a gap is reported instead of guessed over.
 */
export class Board {
  private readonly sections = new Map<number, SectionState>();
  private readonly counts = new Map<number, Signal<number | undefined>>();

  /** How many tickets a section has left; undefined until known. */
  left(section: number): Signal<number | undefined> {
    let count = this.counts.get(section);
    if (!count) {
      count = signal<number | undefined>(undefined);
      this.counts.set(section, count);
    }
    return count;
  }

  /** The state of one ticket. */
  stateOf(section: number, ticket: number): SeatState {
    return this.sections.get(section)?.notAvailable.get(ticket) ?? 'available';
  }

  /** Takes over a snapshot and returns what differs from before. */
  load(snapshot: Availability): Change[] {
    return snapshot.sections.flatMap((section) => this.loadSection(section));
  }

  /** Applies a delta; `gap` when a section missed one before it, so that the snapshot must be loaded again. */
  apply(delta: AvailabilityDelta): { changes: Change[]; gap: boolean } {
    let gap = false;
    const changes: Change[] = [];
    for (const section of delta.sections) {
      const known = this.sections.get(section.number);
      if (known && section.version <= known.version) continue;
      if (!known || section.version !== known.version + 1) gap = true;
      else changes.push(...this.applySection(known, section));
    }
    return { changes, gap };
  }

  private loadSection(section: SectionAvailability): Change[] {
    const before = this.sections.get(section.number);
    if (before && section.version <= before.version) return [];
    const notAvailable = new Map<number, SeatState>();
    const changes: Change[] = [];
    for (const ticket of numbersIn(section.taken)) {
      notAvailable.set(ticket, 'taken');
      if (before?.notAvailable.get(ticket) !== 'taken') changes.push([ticket, 'taken']);
    }
    for (const ticket of before?.notAvailable.keys() ?? []) {
      if (!notAvailable.has(ticket)) changes.push([ticket, 'available']);
    }
    this.sections.set(section.number, { version: section.version, notAvailable });
    this.left(section.number).value = section.available;
    return changes;
  }

  private applySection(known: SectionState, delta: SectionDelta): Change[] {
    const changes: Change[] = [];
    for (const change of delta.changes) {
      const state = STATE_OF[change.state];
      for (const ticket of numbersIn(change.tickets)) {
        if (state === 'available') known.notAvailable.delete(ticket);
        else known.notAvailable.set(ticket, state);
        changes.push([ticket, state]);
      }
    }
    known.version = delta.version;
    this.left(delta.number).value = delta.available;
    return changes;
  }
}
