import { signal } from '@preact/signals';

/** What screen readers are told; the live regions are in `components/announcer.tsx`. */
export const polite = signal('');
export const assertive = signal('');

const FORGET_MS = 10_000;

/** Says a sentence when the reader is free, or at once when it cannot wait. */
export function announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
  const region = urgency === 'polite' ? polite : assertive;
  // The same sentence twice must still be a change, or it is not read.
  const said = region.value === text ? `${text}\u00a0` : text;
  region.value = said;
  // Old news must not be found at the end of the page by someone who reads on.
  setTimeout(() => {
    if (region.value === said) region.value = '';
  }, FORGET_MS);
}
