import { expect, test } from 'vitest';
import { clockText, listed, money, plural, priceRange, spokenDuration } from './format';

const eur = (amount: number) => ({ amount, currency: 'EUR' });

test('money is written without empty cents, in the minor units of its currency', () => {
  expect(money(eur(2500))).toBe('€25');
  expect(money(eur(2550))).toBe('€25.50');
  expect(money({ amount: 2500, currency: 'JPY' })).toBe('JP¥2,500');
});

test('a price range names one price once', () => {
  expect(priceRange([eur(6500), eur(2550)])).toBe('€25.50–€65');
  expect(priceRange([eur(4500), eur(4500)])).toBe('€45');
  expect(priceRange([])).toBe('');
});

test('the clock rounds up, so that it never shows zero while time is left', () => {
  expect(clockText(119_001)).toBe('2:00');
  expect(clockText(1)).toBe('0:01');
  expect(clockText(-5)).toBe('0:00');
  expect(clockText(3_661_000)).toBe('1:01:01');
});

test('a spoken duration has at most two units', () => {
  expect(spokenDuration(60_000)).toBe('1 minute');
  expect(spokenDuration(20_000)).toBe('20 seconds');
  expect(spokenDuration(2 * 86_400_000 + 4 * 3_600_000 + 5_000)).toBe('2 days 4 hours');
  expect(spokenDuration(0)).toBe('0 seconds');
});

test('lists and plurals read as English', () => {
  expect(listed(['A', 'B', 'C'])).toBe('A, B and C');
  expect(plural(1, 'seat')).toBe('1 seat');
  expect(plural(1400, 'seat')).toBe('1,400 seats');
});
