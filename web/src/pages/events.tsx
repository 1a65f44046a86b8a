import { useState } from 'preact/hooks';
import { EventRow } from '../components/event-row';
import { LoadFailed, Loading } from '../components/loading';
import { Notice } from '../components/notice';
import { PageTitle } from '../components/page-title';
import { useLoad } from '../components/use-load';
import { listEvents, PAGE_SIZE } from '../services/events';
import { explain } from '../services/problem';
import type { Event } from '../services/types';

/** Everything that is on sale, sold out or to come. */
export function EventsPage() {
  const { data, error, reload } = useLoad((signal) => listEvents(undefined, signal), []);
  if (!data) return error ? <LoadFailed error={error} what="event" retry={reload} /> : <Loading what="events" />;
  return (
    <div class="events-page">
      <PageTitle title="Events">What’s on</PageTitle>
      <p class="lede">Pick your seats, we hold them while you pay.</p>
      {data.length === 0 ? <p>No events yet. Come back soon.</p> : <EventList first={data} onOpen={reload} />}
    </div>
  );
}

function EventList({ first, onOpen }: { first: Event[]; onOpen: () => void }) {
  const [more, setMore] = useState<Event[]>([]);
  const [ended, setEnded] = useState(first.length < PAGE_SIZE);
  const [problem, setProblem] = useState<string>();
  const events = [...first, ...more];
  const showMore = async () => {
    try {
      const next = await listEvents(events.at(-1)?.id);
      setProblem(undefined);
      setMore([...more, ...next]);
      setEnded(next.length < PAGE_SIZE);
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <>
      <ul class="event-list">
        {events.map((event) => (
          <EventRow key={event.id} event={event} onOpen={onOpen} />
        ))}
      </ul>
      {problem && <Notice tone="error">{problem}</Notice>}
      {!ended && (
        <button type="button" class="button" onClick={showMore}>
          Show more events
        </button>
      )}
    </>
  );
}
