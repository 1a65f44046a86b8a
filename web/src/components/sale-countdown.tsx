import { useCallback } from 'preact/hooks';
import { untilMs } from '../services/clock';
import { clockText, spokenDuration } from '../services/format';
import { useRemaining } from './use-tick';

const DAY_MS = 86_400_000;

/**
 * The time to an on-sale, by the server's clock. It changes only visually; a screen reader reads it when the user
 * reaches it.
 */
export function SaleCountdown({ at, onOpen }: { at: string; onOpen: () => void }) {
  const remaining = useCallback(() => untilMs(at), [at]);
  const left = useRemaining(remaining, onOpen);
  if (left <= 0) return <span>any moment now</span>;
  return <span class="ticking">{left > DAY_MS ? spokenDuration(left) : clockText(left)}</span>;
}
