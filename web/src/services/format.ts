import type { Money } from './types';

const LOCALE = 'en-GB';
const formats = new Map<string, { format: Intl.NumberFormat; minor: number }>();

/** "€25" or "€25.50"; amounts are in minor units, of which a currency may have none, two or three. */
export function money({ amount, currency }: Money): string {
  let known = formats.get(currency);
  if (!known) {
    const plain = new Intl.NumberFormat(LOCALE, { style: 'currency', currency });
    const format = new Intl.NumberFormat(LOCALE, { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger' });
    known = { format, minor: 10 ** (plain.resolvedOptions().maximumFractionDigits ?? 2) };
    formats.set(currency, known);
  }
  return known.format.format(amount / known.minor);
}

/** "€25" or "€25–€60" for a set of prices; empty without any. */
export function priceRange(prices: readonly Money[]): string {
  const sorted = [...prices].sort((a, b) => a.amount - b.amount);
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (!low || !high) return '';
  return low.amount === high.amount ? money(low) : `${money(low)}–${money(high)}`;
}

/** "Friday 4 December 2026 at 20:00 CET", in the reader's own time zone, which is why it is named. */
export function longDate(time: string): string {
  const date = new Date(time);
  const day = new Intl.DateTimeFormat(LOCALE, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(date);
  const hour = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }).format(date);
  return `${day} at ${hour}`;
}

/** Weekday, day, month and hour apart, for the date block of a list. */
export function dateParts(time: string): { weekday: string; day: string; month: string; hour: string } {
  const date = new Date(time);
  const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(LOCALE, options).format(date);
  return {
    weekday: part({ weekday: 'short' }),
    day: part({ day: 'numeric' }),
    month: part({ month: 'short' }),
    hour: part({ hour: '2-digit', minute: '2-digit' }),
  };
}

/** "1:05" or "26:04:09", for the eye. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** "2 days 4 hours", "1 minute 5 seconds": the two largest units, for the ear and for long waits. */
export function spokenDuration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return '0 seconds';
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => plural(count, unit))
    .join(' ');
}

/** "1 seat", "2 seats". */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString(LOCALE)} ${noun}${count === 1 ? '' : 's'}`;
}

/** "A", "A and B", "A, B and C". */
export function listed(items: readonly string[]): string {
  return new Intl.ListFormat(LOCALE, { type: 'conjunction' }).format(items);
}
