//! Pay: the request, and the start of a payment, which freezes the hold.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Duration, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    CardBehaviour, Payment, PaymentStatus, Reason, Reservation, ReservationStatus,
};
use crate::ids::{EventId, PaymentId, ReservationId};
use crate::ledger::Ledger;

/// A request to a payment worker: pay for a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pay {
    pub id: PaymentId,
    pub event: EventId,
    pub reservation: ReservationId,
    /// What the test card does.
    pub card: CardBehaviour,
    /// The card's last four digits.
    pub card_last4: String,
    /// When the front door accepted it.
    #[serde(with = "ts_milliseconds")]
    pub accepted_at: DateTime<Utc>,
    /// The patience: if the request is older than this when it is decided, it is refused. In
    /// milliseconds.
    pub patience_ms: u32,
    /// A hash of the request's body.
    pub fingerprint: i64,
}

/// What to do after a payment was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Call the gateway; until it answers, the hold is frozen.
    Charge(Payment),
    /// It was finished before, or it is refused.
    Over(Payment),
}

/// Begins a payment: freezes the hold, once and for a limited time. A payment that was begun before
/// is resumed.
pub fn begin_payment(ledger: &mut Ledger, existing: Option<&Payment>, request: &Pay) -> Begun {
    let key = (request.event, request.reservation);
    if let Some(payment) = existing {
        ledger.announce_again(key);
        let payment = payment.clone();
        let over = payment.status.is_final();
        return if over { Begun::Over(payment) } else { Begun::Charge(payment) };
    }
    let reservation = ledger.reservation(key).cloned();
    let payment = blank(ledger, request, reservation.as_ref());
    let refused = |reason| {
        Begun::Over(Payment {
            status: PaymentStatus::Failed,
            reason: Some(reason),
            ..payment.clone()
        })
    };
    let patience = Duration::milliseconds(i64::from(request.patience_ms));
    let Some(reservation) = reservation else { return refused(Reason::NotHeld) };
    if ledger.now() - request.accepted_at > patience {
        return refused(Reason::TooLate);
    }
    if reservation.status == ReservationStatus::Held && reservation.is_due(ledger.now()) {
        ledger.expire_reservation(key);
        return refused(Reason::Expired);
    }
    match reservation.status {
        ReservationStatus::Held => {
            freeze(ledger, &reservation);
            Begun::Charge(payment)
        }
        ReservationStatus::Paying => refused(Reason::PaymentInProgress),
        ReservationStatus::Confirmed => refused(Reason::AlreadyConfirmed),
        ReservationStatus::Expired => refused(Reason::Expired),
        _ => refused(Reason::NotHeld),
    }
}

/// Prolongs the hold to at least `paying_seconds` from now, unless it was frozen before.
fn freeze(ledger: &mut Ledger, reservation: &Reservation) {
    let key = (reservation.event, reservation.id);
    let terms = ledger.terms(reservation.event).expect("the sections of a hold are locked");
    let kept = ledger.now() + TimeDelta::seconds(i64::from(terms.paying_seconds));
    let until = reservation.expires_at.filter(|at| reservation.frozen || *at >= kept);
    if until.is_none() {
        ledger.prolong_hold(key, kept);
    }
    let moved = ledger.move_reservation(key, ReservationStatus::Paying, None);
    moved.frozen = true;
    moved.expires_at = until.or(Some(kept));
}

fn blank(ledger: &Ledger, request: &Pay, reservation: Option<&Reservation>) -> Payment {
    let currency = ledger.plan(request.event).currency;
    Payment {
        event: request.event,
        id: request.id,
        reservation: request.reservation,
        status: PaymentStatus::Processing,
        amount: reservation.map_or(0, |reservation| reservation.total().amount),
        currency,
        card: request.card,
        card_last4: request.card_last4.clone(),
        reason: None,
        refund_due: false,
        created_at: request.accepted_at,
        fingerprint: request.fingerprint,
    }
}
