//! The answer for a request that a worker has decided.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use booking::domain::{Reason, Reservation, ReservationStatus};
use process::clock;

use super::view;
use crate::idempotency::{is_reused, refuse_reused_key};
use crate::problem::{Kind, Problem};
use crate::reads::Entry;
use crate::state::Api;

/// 201 for a live reservation. A problem if it was refused or has ended, or if the id was decided
/// with another body.
pub(crate) async fn answer_decided(
    api: &Api,
    entry: &Entry,
    reservation: &Reservation,
    fingerprint: i64,
) -> Response {
    match find_problem(entry, reservation, fingerprint) {
        Some(problem) => problem.into_response(),
        None => view::render_decided(api, entry, reservation).await.answer(StatusCode::CREATED),
    }
}

fn find_problem(entry: &Entry, reservation: &Reservation, fingerprint: i64) -> Option<Problem> {
    if is_reused(reservation.fingerprint, fingerprint) {
        return Some(refuse_reused_key());
    }
    let (status, reason) = reservation.state_at(clock::now());
    let problem = match status {
        ReservationStatus::Rejected => {
            to_problem(entry, reason.unwrap_or(Reason::InternalError), reservation)
        }
        ReservationStatus::Cancelled | ReservationStatus::Expired | ReservationStatus::Refunded => {
            let detail = "The reservation of this Idempotency-Key has ended.";
            let problem = Problem::new(Kind::ReservationEnded, detail).with("state", status);
            if let Some(reason) = reason { problem.with("reason", reason) } else { problem }
        }
        ReservationStatus::Pending
        | ReservationStatus::Held
        | ReservationStatus::Paying
        | ReservationStatus::Confirmed => return None,
    };
    Some(problem.with("reservation", reservation.id))
}

/// The problem for a reason of refusal.
fn to_problem(entry: &Entry, reason: Reason, reservation: &Reservation) -> Problem {
    let terms = &entry.event.terms;
    match reason {
        Reason::TicketsUnavailable | Reason::NotEnoughAvailable | Reason::NotTogether => {
            Problem::because(Kind::TicketsUnavailable, reason)
                .with("tickets", &reservation.conflicts)
        }
        Reason::NotOnSale | Reason::SalePaused | Reason::SaleClosed => {
            Problem::because(Kind::NotOnSale, reason).with("on_sale_at", terms.on_sale_at)
        }
        Reason::TooManyTickets => Problem::because(Kind::LimitExceeded, reason)
            .with("limit", terms.tickets_per_reservation),
        Reason::CustomerLimit => {
            Problem::because(Kind::LimitExceeded, reason).with("limit", terms.tickets_per_customer)
        }
        Reason::UnknownTicket => Problem::because(Kind::InvalidRequest, reason),
        Reason::TooLate => Problem::because(Kind::TooLate, reason),
        _ => Problem::because(Kind::InternalError, reason),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
