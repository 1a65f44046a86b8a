import { useEffect, useState } from 'preact/hooks';

/** How often to ask the server after the end, and a random part, so that browsers do not ask all at once. */
const AGAIN_MS = 2_000;
const SPREAD_MS = 1_000;

/**
 * Milliseconds left until a deadline, renewed as each second passes. At the end `onZero` is called, and again every few
 * seconds while the component stays, because the server may see the end a moment later. Both functions must be stable.
 */
export function useRemaining(remaining: () => number, onZero: () => void): number {
  const [left, setLeft] = useState(remaining);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const tick = () => {
      const now = remaining();
      setLeft(now);
      if (now <= 0) onZero();
      timer = setTimeout(tick, now > 0 ? now % 1000 || 1000 : AGAIN_MS + Math.random() * SPREAD_MS);
    };
    tick();
    // Timers stop in a sleeping tab, so look at the clock again when it wakes.
    const wake = () => {
      clearTimeout(timer);
      tick();
    };
    document.addEventListener('visibilitychange', wake);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
    };
  }, [remaining, onZero]);
  return left;
}
