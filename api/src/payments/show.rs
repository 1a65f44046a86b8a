//! `GET /events/{event}/reservations/{id}/payments/{payment}`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use booking::domain::Payment;

use super::view;
use crate::extract::{PaymentPath, Prefer};
use crate::outcomes::{Revised, follow};
use crate::problem::Problem;
use crate::state::Shared;

/// See what became of a payment
///
/// With `Prefer: wait=N` the answer waits for the end of a payment that is processing.
#[utoipa::path(
    get, path = "/api/v1/events/{event}/reservations/{id}/payments/{payment}",
    operation_id = "show_payment", tag = "payments",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("id" = uuid::Uuid, Path, description = "The reservation"),
        ("payment" = uuid::Uuid, Path, description = "The payment"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds"),
    ),
    responses(
        (status = 200, description = "Its state", body = view::PaymentView),
        (status = 404, description = "Never issued"),
        (status = 503, description = "Cannot be read now; see Retry-After"),
    )
)]
pub(crate) async fn show(
    State(api): State<Shared>,
    path: PaymentPath,
    prefer: Prefer,
) -> Result<Response, Problem> {
    let key = (path.event, path.id);
    let deadline = prefer.deadline();
    let waiter = deadline.and_then(|_| api.outcomes.payments.wait(path.id));
    let mut found = api.payments.read(key).await?;
    let is_over = found.as_deref().is_some_and(Payment::is_final);
    if let (Some(waiter), Some(deadline), false) = (waiter, deadline, is_over) {
        let over = follow(&waiter, &api.payments, key, deadline, Payment::is_final).await;
        found = over.or(found);
    }
    let eta_ms = api.desk.payment_eta_ms(path.reservation);
    let view = match found.as_deref() {
        Some(payment) if payment.reservation != path.reservation => {
            return Err(Problem::not_found("This payment is another reservation's."));
        }
        Some(payment) => view::render_begun(payment, eta_ms),
        None => view::render_pending(path.event, path.reservation, path.id, eta_ms),
    };
    Ok(prefer.applied(view.answer(StatusCode::OK)))
}
