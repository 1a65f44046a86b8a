//! Edge refusals: the current board proves that the tickets are held or sold, so nothing needs to
//! be queued.

use booking::domain::SaleStatus;
use booking::requests::Reserve;

use crate::front_desk;
use crate::problem::{Kind, Problem};
use crate::reads::{Entry, QUICK_LOOK};
use crate::state::Api;

/// The problem of a request that cannot be granted. None if it may be granted, and none for a
/// repeat, which must get the same answer as the first request.
pub(crate) async fn find_refusal(
    api: &Api,
    entry: &Entry,
    request: &Reserve,
    is_keyed: bool,
) -> Option<Problem> {
    if !api.settings.edge_refusal {
        return None;
    }
    if entry.event.terms.status(request.accepted_at) != SaleStatus::OnSale {
        return None;
    }
    let board = api.outcomes.boards.live(entry)?;
    let section_of = |ticket| entry.plan.section_of(ticket).map(|section| section.number);
    let (reason, taken) = board.find_refusal(
        section_of,
        &request.tickets,
        request.best.as_ref(),
        request.accepted_at,
    )?;
    if is_keyed && may_be_a_repeat(api, request).await {
        return None;
    }
    front_desk::count_edge_refusal(reason);
    Some(Problem::because(Kind::TicketsUnavailable, reason).with("tickets", taken))
}

/// Whether the id was decided before, is in the queue, or cannot be checked quickly. A repeat that
/// another process receives while the first is still queued is not recognised: it is refused like a
/// new request, and nothing is held for it.
async fn may_be_a_repeat(api: &Api, request: &Reserve) -> bool {
    if api.outcomes.keys.is_known(request.id.0) {
        return true;
    }
    let key = (request.event, request.id);
    !matches!(api.reservations.read_within(QUICK_LOOK, key).await, Ok(None))
}
