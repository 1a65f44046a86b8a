//! What workers decided.

use booking::domain::{
    CardBehaviour, Payment, PaymentStatus, Reason, Reservation, ReservationStatus, TicketState,
};
use booking::ids::SectionNumber;
use booking::messages::{BatchOutcome, Progress, SectionChange, TicketChange, TracedOutcome};

use crate::bytes::is_golden;
use crate::samples::{EVENT, at, euro, numbers, payment_id, reservation_id, trace};

#[test]
fn outcomes_of_version_1_with_every_field() {
    let change =
        |state, until, tickets: &[i32]| TicketChange { state, until, tickets: numbers(tickets) };
    let mut outcomes = BatchOutcome::new("requests", at(1));
    let mut progress = Progress::new("requests.03", at(0));
    progress.add(at(1));
    outcomes.progress = vec![progress];
    outcomes.reservations = vec![reservation()];
    outcomes.payments = vec![payment()];
    outcomes.sections = vec![section(vec![
        change(TicketState::Available, None, &[1]),
        change(TicketState::Held, Some(at(120)), &[12, 13]),
        change(TicketState::Sold, None, &[2, 3]),
        change(TicketState::Blocked, None, &[4]),
    ])];
    is_golden(&outcomes, include_bytes!("outcomes.v1.full.json"));
}

#[test]
fn outcomes_of_version_1_without_what_may_be_absent() {
    let mut outcomes = BatchOutcome::new("holds.due", at(1));
    is_golden(&outcomes, include_bytes!("outcomes.v1.empty.json"));
    outcomes.reservations = vec![Reservation {
        status: ReservationStatus::Cancelled,
        customer: None,
        tickets: Vec::new(),
        prices: Vec::new(),
        expires_at: None,
        frozen: false,
        reason: None,
        conflicts: Vec::new(),
        ..reservation()
    }];
    outcomes.payments = vec![Payment { reason: None, refund_due: false, ..payment() }];
    outcomes.sections = vec![section(Vec::new())];
    is_golden(&outcomes, include_bytes!("outcomes.v1.least.json"));
}

#[test]
fn outcomes_of_version_1_of_which_one_is_traced() {
    let mut outcomes = BatchOutcome::new("requests", at(3));
    outcomes.traces.push(TracedOutcome { id: reservation_id().0, trace: trace() });
    is_golden(&outcomes, include_bytes!("outcomes.v1.traced.json"));
}

fn reservation() -> Reservation {
    Reservation {
        event: EVENT,
        id: reservation_id(),
        revision: 3,
        status: ReservationStatus::Held,
        customer: Some("ada@example.org".to_owned()),
        tickets: numbers(&[12, 13]),
        prices: vec![8_900, 5_900],
        currency: euro(),
        created_at: at(0),
        expires_at: Some(at(120)),
        frozen: true,
        reason: Some(Reason::TicketsUnavailable),
        conflicts: numbers(&[14]),
        fingerprint: 42,
    }
}

fn payment() -> Payment {
    Payment {
        event: EVENT,
        id: payment_id(),
        reservation: reservation_id(),
        status: PaymentStatus::Processing,
        amount: 14_800,
        currency: euro(),
        card: CardBehaviour::LostAnswer,
        card_last4: "0408".to_owned(),
        reason: Some(Reason::HoldLost),
        refund_due: true,
        created_at: at(2),
        fingerprint: 43,
    }
}

fn section(changes: Vec<TicketChange>) -> SectionChange {
    SectionChange { event: EVENT, number: SectionNumber(1), version: 41, available: 97, changes }
}
