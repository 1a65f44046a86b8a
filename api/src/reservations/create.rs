//! `POST /events/{event}/reservations`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use booking::domain::Reservation;
use booking::ids::{EventId, ReservationId};
use booking::requests::{Decide, Request, Reserve};
use broker::topology::Topology;
use process::clock;
use tokio::time::Instant;

use super::order::{NewReservation, Order, check_on_sale};
use super::{edge_refusal, verdict, view};
use crate::extract::{Body, EventPath, IdempotencyKey, Prefer};
use crate::front_desk::refuse;
use crate::idempotency;
use crate::outcomes::{Waiter, follow};
use crate::problem::{Problem, ProblemBody};
use crate::reads::Entry;
use crate::state::{Api, Shared};

/// Ask for tickets
///
/// Answers 202 as soon as the request is safely queued. With `Prefer: wait=N` the answer waits for
/// the decision, up to N seconds: 201 when the tickets are held, a problem when they cannot be. The
/// same `Idempotency-Key` and body give the same reservation, however often it is sent.
#[utoipa::path(
    post, path = "/api/v1/events/{event}/reservations",
    operation_id = "create_reservation", tag = "reservations",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
         pattern = "^[ -~]*[!#-~][ -~]*$", description = "Your name for this request"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds"),
    ),
    request_body = NewReservation,
    responses(
        (status = 201, description = "Held (only with `Prefer: wait`)", body = view::ReservationView,
         links(
             ("show" = (operation_id = "show_reservation", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
             ("cancel" = (operation_id = "cancel_reservation", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
             ("pay" = (operation_id = "create_payment", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
             ("tickets" = (operation_id = "list_tickets", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
         )),
        (status = 202, description = "Queued; look at `Location`", body = view::ReservationView,
         links(
             ("show" = (operation_id = "show_reservation", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
             ("cancel" = (operation_id = "cancel_reservation", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
             ("pay" = (operation_id = "create_payment", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
             ("tickets" = (operation_id = "list_tickets", parameters(
                ("event" = "$response.body#/event"), ("id" = "$response.body#/id")))),
         )),
        (status = 400, description = "Not JSON, or a header is wrong", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "No such event", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "Refused: tickets-unavailable, not-on-sale, limit-exceeded, \
         too-late, reservation-ended", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 422, description = "Can never be right: invalid-request, limit-exceeded, \
         idempotency-key-reused", body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, description = "A fault of ours", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "Cannot be queued now; see Retry-After", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Shared>,
    EventPath(event): EventPath,
    prefer: Prefer,
    key: IdempotencyKey,
    Body(body): Body<NewReservation>,
) -> Result<Response, Problem> {
    let entry = api.event(event).await?;
    let order = Order::check(body, &entry)?;
    api.limits.customer(&order.customer)?;
    let request = reserve(&api, event, order, &key);
    if key.0.is_some() && api.outcomes.keys.is_reused(request.id.0, request.fingerprint) {
        return Err(idempotency::reused_key());
    }
    check_on_sale(&entry, request.accepted_at)?;
    if let Some(problem) = edge_refusal::find_refusal(&api, &entry, &request, key.0.is_some()).await
    {
        return Err(problem);
    }
    // Whoever waits must be listening before the request can be decided.
    let deadline = prefer.deadline();
    let waiter = deadline.and_then(|_| api.outcomes.reservations.wait(request.id));
    let is_new = key.0.is_some() && api.outcomes.keys.claim(request.id.0, request.fingerprint);
    let refuse = |refusal| refuse(&api.outcomes.keys, refusal, "reservation", request.id.0, is_new);
    let partition = api.topology.partition_of(request.route(&entry.plan));
    let admission = api.desk.enter(partition, Request::Reserve(request.clone())).map_err(refuse)?;
    if let (Some(waiter), Some(deadline)) = (waiter, deadline) {
        let decision = decision(&api, &waiter, &request, deadline);
        if let Some(decided) = admission.or_outcome(decision).await.map_err(refuse)? {
            let answer = verdict::verdict(&api, &entry, &decided, request.fingerprint).await;
            return Ok(prefer.applied(answer));
        }
    }
    admission.admitted().await.map_err(refuse)?;
    Ok(prefer.applied(accepted(&api, &entry, &request, partition)))
}

fn reserve(api: &Api, event: EventId, order: Order, key: &IdempotencyKey) -> Reserve {
    let now = clock::now();
    let id = match &key.0 {
        Some(key) => api.mint.keyed(event, &order.customer, key),
        None => api.mint.fresh(event, now),
    };
    Reserve {
        id,
        event,
        fingerprint: order.fingerprint(),
        customer: order.customer,
        tickets: order.tickets,
        best: order.best,
        accepted_at: now,
        patience_ms: api.settings.patience_ms,
    }
}

async fn decision(
    api: &Api,
    waiter: &Waiter<ReservationId, Reservation>,
    request: &Reserve,
    deadline: Instant,
) -> Option<Arc<Reservation>> {
    let key = (request.event, request.id);
    follow(waiter, &api.reservations, key, deadline, |_| true).await
}

fn accepted(api: &Api, entry: &Entry, request: &Reserve, partition: u16) -> Response {
    let queue = Topology::request_queue(partition);
    let eta_ms = api.outcomes.lags.eta_ms(&queue, clock::now());
    let known = Some((request.customer.as_str(), request.accepted_at));
    view::pending(entry, request.id, known, eta_ms).answer(StatusCode::ACCEPTED).into_response()
}
