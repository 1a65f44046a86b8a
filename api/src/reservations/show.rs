//! `GET /events/{event}/reservations/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use booking::domain::Reservation;
use process::clock;
use tokio::time::Instant;

use super::{stream, view};
use crate::extract::{Prefer, ReservationPath, wants_event_stream};
use crate::outcomes::{Waiter, follow};
use crate::problem::Problem;
use crate::reads::Entry;
use crate::state::{Api, Shared};

/// See what became of a request
///
/// `pending` until it is decided. With `Prefer: wait=N` the answer waits for the next change of
/// state. With `Accept: text/event-stream` the states come as they are reached, as events named
/// `reservation` whose `id` is the revision, until a final one.
#[utoipa::path(
    get, path = "/api/v1/events/{event}/reservations/{id}",
    operation_id = "show_reservation", tag = "reservations",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("id" = uuid::Uuid, Path, description = "The reservation"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds"),
        ("Last-Event-ID" = Option<String>, Header, description = "The last revision that was seen"),
    ),
    responses(
        (status = 200, description = "Its state", content(
            (view::ReservationView = "application/json"), (String = "text/event-stream"))),
        (status = 204, description = "A stream is over: this was its last event"),
        (status = 404, description = "Never issued"),
        (status = 503, description = "Cannot be read now, or too many streams; see Retry-After"),
    )
)]
pub(crate) async fn show(
    State(api): State<Shared>,
    path: ReservationPath,
    prefer: Prefer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let entry = api.event(path.event).await?;
    if wants_event_stream(&headers) {
        return stream::open(api, entry, path, &headers).await;
    }
    // Listen before the read, so that no outcome between the two is missed.
    let deadline = prefer.deadline();
    let waiter = deadline.and_then(|_| api.outcomes.reservations.wait(path.id));
    let now = api.reservations.read((path.event, path.id)).await;
    let state = match (waiter, deadline) {
        (Some(waiter), Some(deadline)) => {
            let now = now.as_ref().map(Option::as_deref);
            let is_over = matches!(now, Ok(Some(reservation)) if is_shown_final(reservation));
            let base = now.ok().map(|state| state.map_or(0, |reservation| reservation.revision));
            if is_over { None } else { wait_for_next(&api, path, &waiter, base, deadline).await }
        }
        _ => None,
    };
    let state = match state {
        Some(changed) => Some(changed),
        None => now?,
    };
    Ok(prefer.applied(answer_state(&api, &entry, path, state.as_deref()).await))
}

fn is_shown_final(reservation: &Reservation) -> bool {
    reservation.state_at(clock::now()).0.is_final()
}

/// The next state after a revision. If the present state is not known, the first one that arrives.
async fn wait_for_next(
    api: &Api,
    path: ReservationPath,
    waiter: &Waiter<booking::ids::ReservationId, Reservation>,
    base: Option<i32>,
    deadline: Instant,
) -> Option<Arc<Reservation>> {
    let is_news = |state: &Reservation| base.is_none_or(|base| state.revision > base);
    follow(waiter, &api.reservations, (path.event, path.id), deadline, is_news).await
}

async fn answer_state(
    api: &Api,
    entry: &Entry,
    path: ReservationPath,
    state: Option<&Reservation>,
) -> Response {
    let view = match state {
        Some(reservation) => view::render_decided(api, entry, reservation).await,
        None => view::render_pending(
            entry,
            path.id,
            None,
            api.outcomes.lags.longest_eta_ms(clock::now()),
        ),
    };
    view.answer(StatusCode::OK)
}
