//! `POST /events/{event}/reservations`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use booking::ids::EventId;
use booking::requests::{Request, Reserve};
use process::clock;

use super::order::{NewReservation, Order, check_on_sale};
use super::verdict::answer_decided;
use super::{edge_refusal, view};
use crate::extract::{Body, EventPath, IdempotencyKey, Prefer};
use crate::front_desk::Submitted;
use crate::idempotency;
use crate::problem::Problem;
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
        (status = 201, description = "Held (only with `Prefer: wait`)",
         body = view::ReservationView),
        (status = 202, description = "Queued; look at `Location`", body = view::ReservationView),
        (status = 400, description = "Not JSON, or a header is wrong"),
        (status = 404, description = "No such event"),
        (status = 409, description = "Refused: tickets-unavailable, not-on-sale, limit-exceeded, \
         too-late, reservation-ended"),
        (status = 413, description = "The body is too large"),
        (status = 415, description = "The body is not JSON"),
        (status = 422, description = "Can never be right: invalid-request, limit-exceeded, \
         idempotency-key-reused"),
        (status = 500, description = "A fault of ours"),
        (status = 503, description = "Cannot be queued now; see Retry-After"),
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
    api.limits.count_customer(&order.customer)?;
    let request = to_reserve(&api, event, order, &key);
    if key.0.is_some() && api.outcomes.keys.is_reused(request.id.0, request.fingerprint) {
        return Err(idempotency::refuse_reused_key());
    }
    check_on_sale(&entry, request.accepted_at)?;
    if let Some(problem) = edge_refusal::find_refusal(&api, &entry, &request, key.0.is_some()).await
    {
        return Err(problem);
    }
    let fingerprint = key.0.is_some().then_some(request.fingerprint);
    let message = Request::Reserve(request.clone());
    let plan = &entry.plan;
    let submitted =
        api.desk.submit_request(message, plan, fingerprint, prefer.deadline(), |_| true).await?;
    let answer = match submitted {
        Submitted::Decided(decided) => {
            answer_decided(&api, &entry, &decided, request.fingerprint).await
        }
        Submitted::Queued { eta_ms } => {
            let known = Some((request.customer.as_str(), request.accepted_at));
            view::render_pending(&entry, request.id, known, eta_ms).answer(StatusCode::ACCEPTED)
        }
    };
    Ok(prefer.applied(answer))
}

fn to_reserve(api: &Api, event: EventId, order: Order, key: &IdempotencyKey) -> Reserve {
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
