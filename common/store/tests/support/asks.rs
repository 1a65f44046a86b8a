//! Requests of buyers.

use booking::domain::{CardBehaviour, SectionNumber, TicketNumber};
use booking::ids::{PaymentId, ReservationId};
use booking::messages::{Best, Cancel, Pay, Request, Reserve};

use super::EVENT;

pub(crate) fn id(number: u128) -> ReservationId {
    ReservationId(uuid::Uuid::from_u128(number))
}

pub(crate) fn payment_id(number: u128) -> PaymentId {
    PaymentId(uuid::Uuid::from_u128(number))
}

pub(crate) fn numbers(tickets: &[i32]) -> Vec<TicketNumber> {
    tickets.iter().copied().map(TicketNumber).collect()
}

pub(crate) fn wish(number: u128, customer: &str, tickets: &[i32]) -> Request {
    Request::Reserve(reserve(number, customer, tickets))
}

/// So many tickets of a section.
pub(crate) fn any_of(number: u128, customer: &str, section: i32, quantity: i32) -> Request {
    let section = Some(SectionNumber(section));
    let best = Some(Best { quantity, section, tier: None, together: false });
    Request::Reserve(Reserve { best, ..reserve(number, customer, &[]) })
}

pub(crate) fn cancel(number: u128) -> Request {
    Request::Cancel(Cancel { id: id(number), event: EVENT, accepted_at: process::clock::now() })
}

pub(crate) fn pay(payment: u128, reservation: u128) -> Pay {
    Pay {
        id: payment_id(payment),
        event: EVENT,
        reservation: id(reservation),
        card: CardBehaviour::Succeeds,
        card_last4: "4242".to_owned(),
        accepted_at: process::clock::now(),
        patience_ms: 30_000,
        fingerprint: 6,
    }
}

fn reserve(number: u128, customer: &str, tickets: &[i32]) -> Reserve {
    Reserve {
        id: id(number),
        event: EVENT,
        customer: customer.to_owned(),
        tickets: numbers(tickets),
        best: None,
        accepted_at: process::clock::now(),
        patience_ms: 30_000,
        fingerprint: -5,
    }
}
