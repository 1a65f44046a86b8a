//! The values that the files contain.

use booking::domain::Currency;
use booking::ids::{EventId, PaymentId, ReservationId, SectionNumber, TicketNumber, TierNumber};
use booking::requests::{Best, Reserve};
use booking::trace::Trace;
use chrono::{DateTime, Utc};

pub(crate) const EVENT: EventId = EventId(7);

pub(crate) fn reserve() -> Reserve {
    Reserve {
        id: reservation_id(),
        event: EVENT,
        customer: "ada@example.org".to_owned(),
        tickets: numbers(&[12, 13]),
        best: Some(Best {
            quantity: 2,
            section: Some(SectionNumber(1)),
            tier: Some(TierNumber(2)),
            together: true,
        }),
        accepted_at: at(0),
        patience_ms: 30_000,
        fingerprint: -6_148_914_691_236_517_206,
    }
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_000_000_123 + seconds * 1_000).expect("in range")
}

pub(crate) fn reservation_id() -> ReservationId {
    "019d0e6f-5d7b-8c3a-9d21-52a7f0b1c2d3".parse().expect("an id")
}

pub(crate) fn payment_id() -> PaymentId {
    "019d0e6f-9a01-8123-8fed-cba987654321".parse().expect("an id")
}

pub(crate) fn euro() -> Currency {
    "EUR".parse().expect("a currency")
}

pub(crate) fn numbers(tickets: &[i32]) -> Vec<TicketNumber> {
    tickets.iter().copied().map(TicketNumber).collect()
}

pub(crate) fn trace() -> Trace {
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().expect("a trace")
}
