import { signal } from '@preact/signals';

/** Texts for screen readers. The live regions are in `components/announcer.tsx`. */
export const polite = signal('');
export const assertive = signal('');

const FORGET_MS = 10_000;

/** Announces a sentence after the current speech, or at once if it is urgent. */
export function announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
  const region = urgency === 'polite' ? polite : assertive;
  // Make a repeated sentence differ, because screen readers read only changes.
  const said = region.value === text ? `${text}\u00a0` : text;
  region.value = said;
  // Clear the text: a user who reads the page to its end must not find old news there.
  setTimeout(() => {
    if (region.value === said) region.value = '';
  }, FORGET_MS);
}
