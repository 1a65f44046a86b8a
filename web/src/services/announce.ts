import { signal } from '@preact/signals';

/** What screen readers are told; the live regions are in `components/announcer.tsx`. */
export const polite = signal('');
export const assertive = signal('');

/** Says a sentence when the reader is free, or at once when it cannot wait. */
export function announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
  const region = urgency === 'polite' ? polite : assertive;
  // The same sentence twice must still be a change, or it is not read.
  region.value = region.value === text ? `${text}\u00a0` : text;
}
