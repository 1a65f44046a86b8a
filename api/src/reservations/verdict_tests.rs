use axum::http::HeaderMap;
use booking::ids::{EventId, Mint, ReservationId, TicketNumber};
use serde_json::Value;

use super::*;
use crate::reads::sample::entry;

fn reservation(status: ReservationStatus, reason: Option<Reason>) -> Reservation {
    let now = clock::now();
    Reservation {
        event: EventId(7),
        id: Mint::new("test").fresh::<ReservationId>(EventId(7), now),
        revision: 1,
        status,
        customer: Some("ada".to_owned()),
        tickets: vec![TicketNumber(1)],
        prices: vec![100],
        currency: "EUR".parse().unwrap(),
        created_at: now,
        expires_at: Some(now + chrono::TimeDelta::minutes(1)),
        frozen: false,
        reason,
        conflicts: vec![TicketNumber(2)],
        fingerprint: 5,
    }
}

fn answer(reservation: &Reservation, fingerprint: i64) -> Option<(StatusCode, HeaderMap, Value)> {
    let (parts, body) =
        find_problem(&entry(), reservation, fingerprint)?.into_response().into_parts();
    let body = futures::FutureExt::now_or_never(axum::body::to_bytes(body, 9_999));
    Some((parts.status, parts.headers, serde_json::from_slice(&body.unwrap().unwrap()).unwrap()))
}

#[test]
fn live_reservations_are_no_problem() {
    for status in [ReservationStatus::Held, ReservationStatus::Paying, ReservationStatus::Confirmed]
    {
        assert!(answer(&reservation(status, None), 5).is_none(), "{status}");
    }
}

#[test]
fn another_body_under_the_same_key_is_noticed_but_not_from_a_tombstone() {
    let held = reservation(ReservationStatus::Held, None);
    let (status, _, body) = answer(&held, 6).unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["type"], "/problems/idempotency-key-reused");
    let cancelled = ReservationStatus::Cancelled;
    let mut tombstone = reservation(cancelled, Some(Reason::CancelledByCustomer));
    tombstone.fingerprint = 0;
    let (status, _, body) = answer(&tombstone, 6).unwrap();
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(body["type"], "/problems/reservation-ended");
    assert_eq!(body["reason"], "cancelled_by_customer");
}

#[test]
fn every_refusal_has_its_type_and_what_belongs_to_it() {
    for (reason, slug, status) in [
        (Reason::TicketsUnavailable, "tickets-unavailable", 409),
        (Reason::NotEnoughAvailable, "tickets-unavailable", 409),
        (Reason::NotTogether, "tickets-unavailable", 409),
        (Reason::NotOnSale, "not-on-sale", 409),
        (Reason::SalePaused, "not-on-sale", 409),
        (Reason::SaleClosed, "not-on-sale", 409),
        (Reason::TooManyTickets, "limit-exceeded", 409),
        (Reason::CustomerLimit, "limit-exceeded", 409),
        (Reason::UnknownTicket, "invalid-request", 422),
        (Reason::TooLate, "too-late", 409),
        (Reason::InternalError, "internal-error", 500),
    ] {
        let rejected = reservation(ReservationStatus::Rejected, Some(reason));
        let (sent, _, body) = answer(&rejected, 5).unwrap();
        assert_eq!(body["type"], format!("/problems/{slug}"));
        assert_eq!(sent.as_u16(), status, "{reason}");
        assert_eq!(body["reason"], reason.as_str());
        assert_eq!(body["reservation"], rejected.id.to_string());
    }
    let rejected = reservation(ReservationStatus::Rejected, Some(Reason::TicketsUnavailable));
    assert_eq!(answer(&rejected, 5).unwrap().2["tickets"], serde_json::json!([2]));
    let limit = reservation(ReservationStatus::Rejected, Some(Reason::CustomerLimit));
    assert_eq!(answer(&limit, 5).unwrap().2["limit"], 6);
}

#[test]
fn a_hold_that_ran_out_has_ended_even_if_no_worker_has_seen_it() {
    let mut held = reservation(ReservationStatus::Held, None);
    held.expires_at = Some(clock::now() - chrono::TimeDelta::seconds(1));
    let (_, _, body) = answer(&held, 5).unwrap();
    assert_eq!(body["type"], "/problems/reservation-ended");
    assert_eq!(body["reason"], "expired");
}
