import { Link } from '../components/link';
import { PageTitle } from '../components/page-title';
import { TicketCards } from '../components/ticket-cards';
import { useLoad } from '../components/use-load';
import { paths } from '../router';
import { getEvent } from '../services/events';

/** The tickets of a confirmed reservation, to show at the door or to print. */
export function TicketsPage({ event, id }: { event: string; id: string }) {
  const { data } = useLoad((signal) => getEvent(event, signal), [event]);
  return (
    <div class="narrow tickets-page">
      <p class="crumb">
        <Link to={paths.reservation(event, id)}>Reservation</Link>
      </p>
      <PageTitle>Your tickets</PageTitle>
      <p class="no-print">
        <button type="button" class="button" onClick={() => print()}>
          Print
        </button>
      </p>
      <TicketCards event={event} id={id} about={data} />
    </div>
  );
}
