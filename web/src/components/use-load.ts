import { useCallback, useEffect, useState } from 'preact/hooks';
import { persist } from '../services/retry';

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  reload(): void;
}

/** Loads something for a component and again on demand; the old value stays until the new one is there. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, keys: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data: T | undefined; error: unknown }>({ data: undefined, error: undefined });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    persist(() => load(end.signal), end.signal).then(
      (data) => !end.signal.aborted && setState({ data, error: undefined }),
      (error: unknown) => !end.signal.aborted && setState((old) => ({ data: old.data, error })),
    );
    return () => end.abort();
  }, [...keys, round]);
  const reload = useCallback(() => setRound((value) => value + 1), []);
  return { ...state, reload };
}
