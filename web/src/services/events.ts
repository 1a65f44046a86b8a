import { learnServerTime } from './clock';
import { ask } from './http';
import type { Availability, Event, EventList, EventRef, Layout } from './types';

const PAGE_SIZE = 50;

/** Events on sale, to come and sold out, soonest first; `after` is the `next` of the page before. */
export async function listEvents(after?: string, signal?: AbortSignal): Promise<EventList> {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (after !== undefined) query.set('after', after);
  const answer = await ask<EventList>(`/events?${query}`, signal ? { signal } : {});
  learnServerTime(answer.data.events[0]?.server_now, answer.sentAt);
  return answer.data;
}

/** One event, with what is left by section. */
export async function getEvent(event: EventRef, signal?: AbortSignal): Promise<Event> {
  const answer = await ask<Event>(eventPath(event), signal ? { signal } : {});
  learnServerTime(answer.data.server_now, answer.sentAt);
  return answer.data;
}

/** Where every seat is. One version never changes, so the browser's cache serves most calls. */
export async function getLayout(event: Event, signal?: AbortSignal): Promise<Layout> {
  return (await ask<Layout>(`${eventPath(event.id)}/layout?v=${event.layout_version}`, signal ? { signal } : {})).data;
}

export interface AvailabilityAnswer {
  /** Undefined when nothing changed since the given ETag. */
  availability: Availability | undefined;
  etag: string | null;
}

/** What is taken now. With a current ETag the response is empty and cheap. */
export async function getAvailability(event: EventRef, etag: string | null, signal?: AbortSignal): Promise<AvailabilityAnswer> {
  const answer = await ask<Availability>(`${eventPath(event)}/availability`, {
    ...(etag === null ? {} : { headers: { 'if-none-match': etag } }),
    ...(signal ? { signal } : {}),
  });
  if (answer.status === 304) return { availability: undefined, etag };
  learnServerTime(answer.data.server_now, answer.sentAt);
  return { availability: answer.data, etag: answer.headers.get('etag') };
}

/** The API path of an event. */
export function eventPath(event: EventRef): string {
  return `/events/${encodeURIComponent(event)}`;
}

/** Whether this section, or any section, has seats and not only standing places. */
export function hasSeats(event: Event, section: number | undefined): boolean {
  return event.sections.some((one) => one.kind === 'seated' && (section === undefined || one.number === section));
}
