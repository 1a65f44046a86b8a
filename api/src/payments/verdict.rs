//! The answer for a payment that a worker has decided.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use booking::domain::{Payment, PaymentStatus, Reason, Reservation, ReservationStatus};
use process::clock;

use super::view;
use crate::idempotency::{is_reused, refuse_reused_key};
use crate::problem::{Kind, Problem};

/// 201 for a payment that succeeded, 202 for one that is processing; else the problem.
pub(crate) fn answer_begun(payment: &Payment, fingerprint: i64, eta_ms: u32) -> Response {
    if is_reused(payment.fingerprint, fingerprint) {
        return refuse_reused_key().into_response();
    }
    let reason = payment.reason.unwrap_or(Reason::InternalError);
    let problem = match payment.status {
        PaymentStatus::Succeeded => {
            return view::render_begun(payment, eta_ms).answer(StatusCode::CREATED);
        }
        PaymentStatus::Processing => {
            return view::render_begun(payment, eta_ms).answer(StatusCode::ACCEPTED);
        }
        PaymentStatus::Declined => Problem::because(Kind::PaymentDeclined, reason),
        PaymentStatus::Refunded => Problem::because(Kind::NotPayable, reason),
        PaymentStatus::Failed => to_problem(reason),
    };
    problem
        .with("reservation", payment.reservation)
        .with("payment", payment.id)
        .with("state", payment.status)
        .with("card_last4", &payment.card_last4)
        .into_response()
}

fn to_problem(reason: Reason) -> Problem {
    match reason {
        Reason::Expired
        | Reason::AlreadyConfirmed
        | Reason::NotHeld
        | Reason::PaymentInProgress
        | Reason::HoldLost => Problem::because(Kind::NotPayable, reason),
        Reason::TooLate => Problem::because(Kind::TooLate, reason),
        Reason::InternalError => Problem::because(Kind::InternalError, reason),
        _ => Problem::because(Kind::PaymentDeclined, reason),
    }
}

/// Why a reservation cannot be paid in its present state; none if it can be now, or may be soon.
pub(crate) fn find_obstacle(reservation: &Reservation) -> Option<Problem> {
    let (status, _) = reservation.state_at(clock::now());
    let reason = match status {
        ReservationStatus::Pending | ReservationStatus::Held => return None,
        ReservationStatus::Paying => Reason::PaymentInProgress,
        ReservationStatus::Confirmed => Reason::AlreadyConfirmed,
        ReservationStatus::Expired => Reason::Expired,
        ReservationStatus::Rejected
        | ReservationStatus::Cancelled
        | ReservationStatus::Refunded => Reason::NotHeld,
    };
    let problem = Problem::because(Kind::NotPayable, reason);
    Some(problem.with("reservation", reservation.id).with("state", status))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
