import { useCallback, useEffect, useRef } from 'preact/hooks';
import { announce } from '../services/announce';
import { clockText, spokenDuration } from '../services/format';
import { useRemaining } from './use-tick';

const SPOKEN_AT_MS = [60_000, 20_000];
const URGENT_MS = 20_000;
const BAR = 100;

interface Props {
  /** `performance.now()` at which the hold ends. */
  deadline: number;
  holdSeconds: number;
  onZero: () => void;
}

/** The time left of a hold. It is shown every second, and spoken only twice. */
export function HoldClock({ deadline, holdSeconds, onZero }: Props) {
  const remaining = useCallback(() => deadline - performance.now(), [deadline]);
  const left = useRemaining(remaining, onZero);
  const before = useRef(left);
  useEffect(() => {
    const crossed = SPOKEN_AT_MS.some((at) => before.current > at && left <= at && left > 0);
    before.current = left;
    if (crossed) announce(`${spokenDuration(left)} left to pay`, 'assertive');
  }, [left]);
  const share = Math.min(1, Math.max(0, left / (holdSeconds * 1000))) * BAR;
  return (
    <div class={`hold-clock ${left < URGENT_MS ? 'urgent' : ''}`}>
      <p role="timer" aria-live="off">
        <span class="visually-hidden">Time left to pay: </span>
        <span class="ticking">{clockText(left)}</span>
      </p>
      <svg class="bar" viewBox={`0 0 ${BAR} 4`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="track" width={BAR} height="4" rx="2" />
        <rect class="fill" width={share} height="4" rx="2" />
      </svg>
    </div>
  );
}
