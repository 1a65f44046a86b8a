//! What front doors send: requests and payments.

use booking::domain::CardBehaviour;
use booking::messages::Envelope;
use booking::payments::Pay;
use booking::requests::{Best, Cancel, Request, Reserve};

use crate::bytes::{golden, is_golden_envelope, text};
use crate::samples::{EVENT, at, payment_id, reservation_id, reserve, trace};

#[test]
fn requests_of_version_1_with_every_field() {
    let cancel = Cancel { id: reservation_id(), event: EVENT, accepted_at: at(1) };
    let requests = vec![Request::Reserve(reserve()), Request::Cancel(cancel)];
    is_golden_envelope(requests, include_bytes!("requests.v1.full.json"));
}

#[test]
fn requests_of_version_1_without_what_may_be_absent() {
    let wish = Reserve { best: None, ..reserve() };
    let least = Best { quantity: 3, section: None, tier: None, together: false };
    let best = Reserve { tickets: Vec::new(), best: Some(least), ..reserve() };
    let requests = vec![Request::Reserve(wish), Request::Reserve(best)];
    is_golden_envelope(requests, include_bytes!("requests.v1.least.json"));
}

#[test]
fn requests_of_version_1_of_which_one_is_traced() {
    let file = include_bytes!("requests.v1.traced.json");
    let cancel = Cancel { id: reservation_id(), event: EVENT, accepted_at: at(1) };
    let requests = vec![Request::Cancel(cancel.clone()), Request::Cancel(cancel)];
    let envelope = Envelope::traced(requests.clone(), vec![(1, trace())]);
    assert_eq!(text(&envelope.encode()), text(golden(file)));
    let read = Envelope::<Request>::open(golden(file)).expect("an envelope");
    assert_eq!(read.traces, [(1, trace())]);
    assert_eq!(read.requests, requests.into_iter().map(Ok).collect::<Vec<_>>());
}

#[test]
fn payments_of_version_1_with_every_card() {
    let pay = |card| Pay {
        id: payment_id(),
        event: EVENT,
        reservation: reservation_id(),
        card,
        card_last4: "0002".to_owned(),
        accepted_at: at(2),
        patience_ms: 30_000,
        fingerprint: 42,
    };
    let cards = [
        CardBehaviour::Succeeds,
        CardBehaviour::Declined,
        CardBehaviour::InsufficientFunds,
        CardBehaviour::ProcessingError,
        CardBehaviour::Slow,
        CardBehaviour::LostAnswer,
    ];
    let requests = cards.map(pay).to_vec();
    is_golden_envelope(requests, include_bytes!("payments.v1.json"));
}
