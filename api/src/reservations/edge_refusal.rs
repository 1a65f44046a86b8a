//! Refuses at once what is certain to be refused: the tickets are held or sold as of a current
//! version, so nothing needs to be queued.

use booking::domain::SaleStatus;
use booking::requests::Reserve;

use crate::front_desk;
use crate::problem::{Kind, Problem};
use crate::reads::{Entry, QUICK_LOOK};
use crate::state::Api;

/// The problem of a request that cannot be granted; none where it may be, and for a repeated one,
/// which must get the answer of the first.
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

/// The id was decided before, or is on its way, or that cannot be seen quickly. (A repeat that
/// comes to another process while the first is still queued is not seen: it is refused for itself,
/// and nothing is held for it.)
async fn may_be_a_repeat(api: &Api, request: &Reserve) -> bool {
    if api.outcomes.keys.is_known(request.id.0) {
        return true;
    }
    let key = (request.event, request.id);
    !matches!(api.reservations.read_within(QUICK_LOOK, key).await, Ok(None))
}
