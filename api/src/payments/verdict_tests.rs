use booking::domain::CardBehaviour;
use booking::ids::{EventId, Mint, PaymentId, ReservationId};
use serde_json::Value;

use super::*;

fn payment(status: PaymentStatus, reason: Option<Reason>) -> Payment {
    let mint = Mint::new("test");
    let now = clock::now();
    let event = EventId(7);
    Payment {
        event,
        id: mint.fresh::<PaymentId>(event, now),
        reservation: mint.fresh::<ReservationId>(event, now),
        status,
        amount: 100,
        currency: "EUR".parse().unwrap(),
        card: CardBehaviour::Succeeds,
        card_last4: "4242".to_owned(),
        reason,
        refund_due: false,
        created_at: now,
        fingerprint: 5,
    }
}

fn sent(payment: &Payment, fingerprint: i64) -> (u16, Value) {
    let response = answer_begun(payment, fingerprint, 50);
    let status = response.status().as_u16();
    let body = futures::FutureExt::now_or_never(axum::body::to_bytes(response.into_body(), 9_999));
    (status, serde_json::from_slice(&body.unwrap().unwrap()).unwrap())
}

#[test]
fn each_end_of_a_payment_has_its_answer() {
    assert_eq!(sent(&payment(PaymentStatus::Succeeded, None), 5).0, 201);
    assert_eq!(sent(&payment(PaymentStatus::Processing, None), 5).0, 202);
    for (state, reason, status, slug) in [
        (PaymentStatus::Declined, Reason::CardDeclined, 402, "payment-declined"),
        (PaymentStatus::Declined, Reason::InsufficientFunds, 402, "payment-declined"),
        (PaymentStatus::Failed, Reason::ProcessingError, 402, "payment-declined"),
        (PaymentStatus::Failed, Reason::NotHeld, 409, "not-payable"),
        (PaymentStatus::Failed, Reason::Expired, 409, "not-payable"),
        (PaymentStatus::Failed, Reason::AlreadyConfirmed, 409, "not-payable"),
        (PaymentStatus::Failed, Reason::PaymentInProgress, 409, "not-payable"),
        (PaymentStatus::Failed, Reason::TooLate, 409, "too-late"),
        (PaymentStatus::Failed, Reason::InternalError, 500, "internal-error"),
        (PaymentStatus::Refunded, Reason::HoldLost, 409, "not-payable"),
    ] {
        let (code, body) = sent(&payment(state, Some(reason)), 5);
        assert_eq!((code, &body["reason"]), (status, &Value::from(reason.as_str())));
        assert_eq!(body["type"], format!("/problems/{slug}"));
        assert_eq!(body["card_last4"], "4242");
    }
}

#[test]
fn a_key_used_for_another_card_is_noticed() {
    assert_eq!(sent(&payment(PaymentStatus::Succeeded, None), 6).0, 422);
}
