//! `DELETE /events/{event}/reservations/{id}`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use booking::domain::{Reason, Reservation, ReservationStatus};
use booking::requests::{Cancel, Request};
use process::clock;

use super::view;
use crate::extract::{Prefer, ReservationPath};
use crate::front_desk::Submitted;
use crate::problem::{Kind, Problem};
use crate::reads::QUICK_LOOK;
use crate::state::Shared;

/// Give a hold back
///
/// Also stops a request that is not decided yet. Answers 202 once the cancel is queued; with
/// `Prefer: wait=N` it waits for the end of the hold and answers 200. Cancelling again is 200, too.
#[utoipa::path(
    delete, path = "/api/v1/events/{event}/reservations/{id}",
    operation_id = "cancel_reservation", tag = "reservations",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("id" = uuid::Uuid, Path, description = "The reservation"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds"),
    ),
    responses(
        (status = 200, description = "Cancelled", body = view::ReservationView),
        (status = 202, description = "The cancel is queued", body = view::ReservationView),
        (status = 404, description = "Never issued"),
        (status = 409, description = "Too late: not-cancellable"),
        (status = 503, description = "Cannot be queued now; see Retry-After"),
    )
)]
pub(crate) async fn cancel(
    State(api): State<Shared>,
    path: ReservationPath,
    prefer: Prefer,
) -> Result<Response, Problem> {
    let entry = api.event(path.event).await?;
    let key = (path.event, path.id);
    let seen = api.reservations.read_within(QUICK_LOOK, key).await.ok().flatten();
    if let Some(end) = seen.as_deref().and_then(find_end) {
        end?;
        let seen = seen.expect("its end was seen");
        let view = view::render_decided(&api, &entry, &seen).await;
        return Ok(prefer.applied(view.answer(StatusCode::OK)));
    }
    let cancel = Cancel { id: path.id, event: path.event, accepted_at: clock::now() };
    let is_end = |state: &Reservation| find_end(state).is_some();
    let message = Request::Cancel(cancel);
    let submitted =
        api.desk.submit_request(message, &entry.plan, None, prefer.deadline(), is_end).await?;
    let view = match submitted {
        Submitted::Decided(state) => {
            find_end(&state).transpose()?;
            let view = view::render_decided(&api, &entry, &state).await;
            return Ok(prefer.applied(view.answer(StatusCode::OK)));
        }
        Submitted::Queued { eta_ms } => match seen {
            Some(reservation) => view::render_decided(&api, &entry, &reservation).await,
            None => view::render_pending(&entry, path.id, None, eta_ms),
        },
    };
    Ok(prefer.applied(view.answer(StatusCode::ACCEPTED)))
}

/// The answer if the reservation is cancelled, or can no longer be; none while it still can.
fn find_end(reservation: &Reservation) -> Option<Result<(), Problem>> {
    let (status, reason) = reservation.state_at(clock::now());
    let reason = match status {
        ReservationStatus::Pending | ReservationStatus::Held => return None,
        ReservationStatus::Cancelled => return Some(Ok(())),
        ReservationStatus::Paying => Reason::PaymentInProgress,
        ReservationStatus::Confirmed => Reason::AlreadyConfirmed,
        ReservationStatus::Expired => reason.unwrap_or(Reason::Expired),
        ReservationStatus::Rejected | ReservationStatus::Refunded => Reason::NotHeld,
    };
    let problem = Problem::because(Kind::NotCancellable, reason)
        .with("reservation", reservation.id)
        .with("state", status);
    Some(Err(problem))
}
