import { signal } from '@preact/signals';
import type { EventRef } from './services/types';

/** The current page. Ids are opaque: they go from the address to the API unchanged. */
export type Route =
  | { page: 'events' }
  | { page: 'event'; event: string }
  | { page: 'reservation'; event: string; id: string }
  | { page: 'tickets'; event: string; id: string }
  | { page: 'missing' };

/** The current route; changes on navigation and on the browser's back and forward. */
export const route = signal<Route>(routeOf(location.pathname));

export const paths = {
  events: () => '/',
  event: (event: EventRef) => `/events/${encodeURIComponent(event)}`,
  reservation: (event: EventRef, id: string) => `${paths.event(event)}/reservations/${encodeURIComponent(id)}`,
  tickets: (event: EventRef, id: string) => `${paths.reservation(event, id)}/tickets`,
};

/** Goes to a path of this page without loading it anew. */
export function go(path: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', path);
  else history.replaceState(null, '', path);
  route.value = routeOf(path);
  scrollTo(0, 0);
}

/** The route of a path. */
export function routeOf(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '').map(decode);
  const [events, event, reservations, id, tickets] = parts;
  if (parts.length === 0 || (parts.length === 1 && events === 'events')) return { page: 'events' };
  if (events !== 'events' || event === undefined) return { page: 'missing' };
  if (parts.length === 2) return { page: 'event', event };
  if (reservations !== 'reservations' || id === undefined) return { page: 'missing' };
  if (parts.length === 4) return { page: 'reservation', event, id };
  return parts.length === 5 && tickets === 'tickets' ? { page: 'tickets', event, id } : { page: 'missing' };
}

addEventListener('popstate', () => {
  route.value = routeOf(location.pathname);
});

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
