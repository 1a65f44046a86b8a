import { useState } from 'preact/hooks';
import { EventRow } from '../components/event-row';
import { LoadFailed, Loading } from '../components/loading';
import { Notice } from '../components/notice';
import { PageTitle } from '../components/page-title';
import { useLoad } from '../components/use-load';
import { listEvents } from '../services/events';
import { explain } from '../services/problem';
import type { EventList as Page } from '../services/types';

/** Everything that is on sale, sold out or to come. */
export function EventsPage() {
  const { data, error, reload } = useLoad((signal) => listEvents(undefined, signal), []);
  if (!data) return error ? <LoadFailed error={error} what="event" retry={reload} /> : <Loading what="events" />;
  return (
    <div class="events-page">
      <PageTitle title="Events">What’s on</PageTitle>
      <p class="lede">Pick your seats, we hold them while you pay.</p>
      {data.events.length === 0 ? <p>No events yet. Come back soon.</p> : <EventList first={data} onOpen={reload} />}
    </div>
  );
}

function EventList({ first, onOpen }: { first: Page; onOpen: () => void }) {
  const [more, setMore] = useState<Page[]>([]);
  const [problem, setProblem] = useState<string>();
  const pages = [first, ...more];
  const next = pages.at(-1)?.next;
  const showMore = async () => {
    try {
      const page = await listEvents(next ?? undefined);
      setProblem(undefined);
      setMore([...more, page]);
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <>
      <ul class="event-list">
        {pages.flatMap((page) => page.events).map((event) => (
          <EventRow key={event.id} event={event} onOpen={onOpen} />
        ))}
      </ul>
      {problem && <Notice tone="error">{problem}</Notice>}
      {next && (
        <button type="button" class="button" onClick={showMore}>
          Show more events
        </button>
      )}
    </>
  );
}
