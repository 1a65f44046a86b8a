//! Requests of buyers for tests: ids are plain numbers, and all requests are for one event.

use booking::domain::CardBehaviour;
use booking::ids::{EventId, PaymentId, ReservationId, SectionNumber, TicketNumber};
use booking::payments::Pay;
use booking::requests::{Best, Cancel, Request, Reserve};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The event of all these requests.
pub const EVENT: EventId = EventId(7);

const PATIENCE_MS: u32 = 30_000;

pub fn reservation_id(number: u128) -> ReservationId {
    ReservationId(Uuid::from_u128(number))
}

pub fn payment_id(number: u128) -> PaymentId {
    PaymentId(Uuid::from_u128(number))
}

pub fn ticket_numbers(tickets: &[i32]) -> Vec<TicketNumber> {
    tickets.iter().copied().map(TicketNumber).collect()
}

/// This number of tickets, from one section or from any.
pub fn best_of(section: Option<i32>, quantity: i32) -> Best {
    Best { quantity, section: section.map(SectionNumber), tier: None, together: false }
}

pub fn reserve(number: u128, customer: &str, tickets: &[i32], now: DateTime<Utc>) -> Reserve {
    Reserve {
        id: reservation_id(number),
        event: EVENT,
        customer: customer.to_owned(),
        tickets: ticket_numbers(tickets),
        best: None,
        accepted_at: now,
        patience_ms: PATIENCE_MS,
        fingerprint: -5,
    }
}

pub fn cancel(number: u128, now: DateTime<Utc>) -> Cancel {
    Cancel { id: reservation_id(number), event: EVENT, accepted_at: now }
}

/// With a card that succeeds.
pub fn pay(payment: u128, reservation: u128, now: DateTime<Utc>) -> Pay {
    Pay {
        id: payment_id(payment),
        event: EVENT,
        reservation: reservation_id(reservation),
        card: CardBehaviour::Succeeds,
        card_last4: "4242".to_owned(),
        accepted_at: now,
        patience_ms: PATIENCE_MS,
        fingerprint: 6,
    }
}

/// The same request, accepted at this time: a random request is drawn before it is sent.
pub fn accepted_at(request: Request, now: DateTime<Utc>) -> Request {
    match request {
        Request::Reserve(request) => Reserve { accepted_at: now, ..request }.into(),
        Request::Cancel(request) => Cancel { accepted_at: now, ..request }.into(),
    }
}
