import { Announcer } from './components/announcer';
import { SiteHeader } from './components/site-header';
import { EventPage } from './pages/event';
import { EventsPage } from './pages/events';
import { MissingPage } from './pages/missing';
import { ReservationPage } from './pages/reservation';
import { TicketsPage } from './pages/tickets';
import { route } from './router';

/** The frame around every page. */
export function App() {
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <SiteHeader />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Announcer />
    </>
  );
}

// A key for each address makes Preact build a new page, so that no state of one event remains in the next.
function Page() {
  const at = route.value;
  switch (at.page) {
    case 'events':
      return <EventsPage />;
    case 'event':
      return <EventPage key={at.event} event={at.event} />;
    case 'reservation':
      return <ReservationPage key={at.id} event={at.event} id={at.id} />;
    case 'tickets':
      return <TicketsPage key={at.id} event={at.event} id={at.id} />;
    case 'missing':
      return <MissingPage />;
  }
}
