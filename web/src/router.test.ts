import { expect, test } from 'vitest';
import { paths, routeOf } from './router';

test('every path of the page leads to its route and back', () => {
  expect(routeOf(paths.events())).toEqual({ page: 'events' });
  expect(routeOf(paths.event('a/b'))).toEqual({ page: 'event', event: 'a/b' });
  expect(routeOf(paths.reservation('1', 'x'))).toEqual({ page: 'reservation', event: '1', id: 'x' });
  expect(routeOf(paths.tickets('1', 'x'))).toEqual({ page: 'tickets', event: '1', id: 'x' });
});

test('anything else is missing, also when it cannot be decoded', () => {
  for (const path of ['/x', '/events/1/x', '/events/1/reservations', '/events/1/reservations/x/y', '/%E0%A4%A']) {
    expect(routeOf(path)).toEqual({ page: 'missing' });
  }
});
