//! `POST /events/{event}/reservations/{id}/payments`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use booking::domain::{Card, CardBehaviour, Payment};
use booking::ids::ReservationId;
use booking::payments::Pay;
use process::clock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verdict::{answer_begun, find_obstacle};
use super::view;
use crate::extract::{Body, IdempotencyKey, Prefer, ReservationPath};
use crate::front_desk::Submitted;
use crate::idempotency::{fingerprint, is_reused, refuse_reused_key};
use crate::outcomes::Revised;
use crate::problem::Problem;
use crate::reads::QUICK_LOOK;
use crate::state::{Api, Shared};

/// A payment by card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    /// The number of a test card; spaces and dashes between digits are ignored.
    #[schema(value_type = String, example = "4242424242424242")]
    card: serde_json::Value,
}

/// Two bodies are the same request if these fields are equal.
#[derive(Serialize)]
struct Canonical<'a> {
    reservation: ReservationId,
    card: CardBehaviour,
    card_last4: &'a str,
}

/// Pay a reservation
///
/// Answers 202 as soon as the payment is safely queued. With `Prefer: wait=N` the answer waits for
/// the gateway's word, up to N seconds: 201 when it succeeded. The same `Idempotency-Key` and body
/// are the same payment: a card is charged at most once for it.
#[utoipa::path(
    post, path = "/api/v1/events/{event}/reservations/{id}/payments",
    operation_id = "create_payment", tag = "payments",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("id" = uuid::Uuid, Path, description = "The reservation"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
         pattern = "^[ -~]*[!#-~][ -~]*$", description = "Your name for this request"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds"),
    ),
    request_body = NewPayment,
    responses(
        (status = 201, description = "Paid (only with `Prefer: wait`, or sent again)",
         body = view::PaymentView),
        (status = 202, description = "Queued; look at `Location`", body = view::PaymentView),
        (status = 400, description = "Not JSON, or a header is wrong"),
        (status = 402, description = "Not charged: payment-declined"),
        (status = 404, description = "Never issued"),
        (status = 409, description = "Refused: not-payable, too-late"),
        (status = 413, description = "The body is too large"),
        (status = 415, description = "The body is not JSON"),
        (status = 422, description = "No test card, or idempotency-key-reused"),
        (status = 500, description = "A fault of ours"),
        (status = 503, description = "Cannot be queued now; see Retry-After"),
    )
)]
pub(crate) async fn create(
    State(api): State<Shared>,
    path: ReservationPath,
    prefer: Prefer,
    key: IdempotencyKey,
    Body(body): Body<NewPayment>,
) -> Result<Response, Problem> {
    let request = to_pay(&api, path, &body, &key)?;
    let eta_ms = api.desk.payment_eta_ms(path.id);
    if key.0.is_some() && api.outcomes.keys.is_reused(request.id.0, request.fingerprint) {
        return Err(refuse_reused_key());
    }
    match find_earlier(&api, &request, &key).await {
        Some(earlier)
            if earlier.is_final() || is_reused(earlier.fingerprint, request.fingerprint) =>
        {
            return Ok(prefer.applied(answer_begun(&earlier, request.fingerprint, eta_ms)));
        }
        Some(_) => {}
        None => check_payable(&api, path).await?,
    }
    let fingerprint = key.0.is_some().then_some(request.fingerprint);
    let message = request.clone();
    let submitted =
        api.desk.submit_payment(message, fingerprint, prefer.deadline(), Payment::is_final).await?;
    let answer = match submitted {
        Submitted::Decided(payment) => answer_begun(&payment, request.fingerprint, eta_ms),
        Submitted::Queued { eta_ms } => {
            let mut view = view::render_pending(path.event, path.id, request.id, eta_ms);
            view.card_last4 = Some(request.card_last4);
            view.created_at = Some(request.accepted_at);
            view.answer(StatusCode::ACCEPTED)
        }
    };
    Ok(prefer.applied(answer))
}

fn to_pay(
    api: &Api,
    path: ReservationPath,
    body: &NewPayment,
    key: &IdempotencyKey,
) -> Result<Pay, Problem> {
    // The card's number goes no further than this line, not even into a detail of a problem.
    let card = body.card.as_str().and_then(Card::parse);
    let card = card.ok_or_else(|| Problem::invalid_field("card", "is not a test card's number"))?;
    let now = clock::now();
    let id = match &key.0 {
        Some(key) => api.mint.keyed(path.event, &path.id.to_string(), key),
        None => api.mint.fresh(path.event, now),
    };
    let canonical =
        Canonical { reservation: path.id, card: card.behaviour, card_last4: &card.last4 };
    let canonical = serde_json::to_vec(&canonical).expect("plain data always has a JSON form");
    Ok(Pay {
        id,
        event: path.event,
        reservation: path.id,
        card: card.behaviour,
        card_last4: card.last4,
        accepted_at: now,
        patience_ms: api.settings.patience_ms,
        fingerprint: fingerprint(&canonical),
    })
}

/// The payment that was begun under this key before, if a short read shows it.
async fn find_earlier(
    api: &Api,
    request: &Pay,
    key: &IdempotencyKey,
) -> Option<std::sync::Arc<Payment>> {
    key.0.as_ref()?;
    api.payments.read_within(QUICK_LOOK, (request.event, request.id)).await.ok().flatten()
}

/// Refuses at once if a short read shows that the payment cannot succeed; else the worker decides.
async fn check_payable(api: &Api, path: ReservationPath) -> Result<(), Problem> {
    let seen = api.reservations.read_within(QUICK_LOOK, (path.event, path.id)).await;
    match seen.ok().flatten().as_deref().and_then(find_obstacle) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}
