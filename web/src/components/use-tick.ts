import { useEffect, useState } from 'preact/hooks';

/** Milliseconds left until a deadline, renewed as each second passes. `remaining` must be a stable function. */
export function useRemaining(remaining: () => number, onZero: () => void): number {
  const [left, setLeft] = useState(remaining);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let rang = false;
    const tick = () => {
      const now = remaining();
      setLeft(now);
      if (now > 0) timer = setTimeout(tick, now % 1000 || 1000);
      else if (!rang) {
        rang = true;
        onZero();
      }
    };
    tick();
    // A sleeping tab's timers stand still: look at the clock again when it wakes.
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
