/** Data of this tab that survive a reload: session storage, or plain memory if the browser forbids it. */

const fallback = new Map<string, string>();
const PREFIX = 'boxoffice.';

/** The value last stored under `name`, or undefined. */
export function recall<T>(name: string): T | undefined {
  const text = read(PREFIX + name);
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** Stores a JSON value; `undefined` removes it. */
export function remember(name: string, value: unknown): void {
  const key = PREFIX + name;
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    if (value === undefined) fallback.delete(key);
    else fallback.set(key, JSON.stringify(value));
  }
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key) ?? fallback.get(key) ?? null;
  } catch {
    return fallback.get(key) ?? null;
  }
}
