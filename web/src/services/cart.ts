import { effect, signal, type Signal } from '@preact/signals';
import { recall, remember } from './memory';
import type { EventRef } from './types';

export type Way = 'list' | 'map' | 'best';

export interface BestWish {
  quantity: number;
  section: number | undefined;
  tier: number | undefined;
  together: boolean;
}

/** The seats or tickets that a buyer has chosen for one event. Kept when the tab reloads. */
export interface Cart {
  way: Signal<Way>;
  seats: Signal<readonly number[]>;
  best: Signal<BestWish>;
  customer: Signal<string>;
  dispose(): void;
}

interface Stored {
  way: Way;
  seats: number[];
  best: Partial<BestWish>;
}

/** The cart of an event as it was left. */
export function openCart(event: EventRef): Cart {
  const name = cartName(event);
  const stored = recall<Stored>(name);
  const way = signal<Way>(stored?.way ?? 'map');
  const seats = signal<readonly number[]>(stored?.seats ?? []);
  const best = signal<BestWish>({ quantity: 2, section: undefined, tier: undefined, together: true, ...stored?.best });
  const customer = signal(recall<string>('customer') ?? '');
  const stops = [
    effect(() => remember(name, { way: way.value, seats: seats.value, best: best.value })),
    effect(() => remember('customer', customer.value)),
  ];
  return { way, seats, best, customer, dispose: () => stops.forEach((stop) => stop()) };
}

/** Puts seats into the cart of an event before its page is opened, for "choose again". */
export function fillCart(event: EventRef, seats: readonly number[]): void {
  const stored = recall<Stored>(cartName(event));
  remember(cartName(event), { best: {}, ...stored, way: 'map', seats });
}

function cartName(event: EventRef): string {
  return `cart.${event}`;
}
