//! Which partition of the reservation workers a request goes to.

use booking::decide::ReservationKey;
use booking::domain::{EventId, House, SectionNumber};
use booking::ids::ReservationId;
use booking::messages::Request;
use broker::topology::Topology;

/// What the requests of one partition have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// A section of an event: requests for its tickets are decided in the order of acceptance.
    Section(EventId, SectionNumber),
    /// A reservation, for requests that name no section.
    Reservation(ReservationId),
}

/// For a request for tickets: the section of the first ticket that is wished for, else the section
/// that the best shall be of. Requests that name no section share one partition of their event.
pub(super) fn route_of(request: &Request, plan: &House) -> Route {
    match request {
        Request::Reserve(reserve) => {
            let wished = reserve.tickets.first().and_then(|ticket| plan.section_of(*ticket));
            let wished = wished.map(|section| section.number);
            let section = wished.or(reserve.best.and_then(|best| best.section));
            Route::Section(reserve.event, section.unwrap_or(SectionNumber(0)))
        }
        Request::Cancel(cancel) => Route::Reservation(cancel.id),
    }
}

pub(super) fn partition_of(topology: &Topology, route: Route) -> u16 {
    match route {
        Route::Section(event, section) => topology.request_partition(event, section),
        Route::Reservation(id) => topology.cancel_partition(id),
    }
}

pub(super) fn key_of(request: &Request) -> ReservationKey {
    match request {
        Request::Reserve(reserve) => (reserve.event, reserve.id),
        Request::Cancel(cancel) => (cancel.event, cancel.id),
    }
}

/// Whether its decision can only make tickets free. Such a request is let in however far behind the
/// queue is, because it shortens the wait of the others.
pub(super) fn frees_tickets(request: &Request) -> bool {
    matches!(request, Request::Cancel(_))
}
