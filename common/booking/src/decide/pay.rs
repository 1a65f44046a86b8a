//! Decides the steps of a payment: begin, finish, refund. The gateway is called between them.

use chrono::{Duration, TimeDelta};

use super::footprint::{Footprint, TicketKey};
use super::ledger::Ledger;
use crate::domain::{Payment, PaymentStatus, Reason, Reservation, ReservationStatus};
use crate::messages::Pay;

/// What to do after a payment was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Call the gateway; the hold is frozen meanwhile.
    Charge(Payment),
    /// It is over already, or cannot be tried.
    Over(Payment),
}

/// The gateway's word on a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// The money was taken.
    Captured,
    /// The issuer said no; nothing was taken.
    Declined(Reason),
    /// The gateway failed; nothing was taken.
    Failed(Reason),
}

/// What to do after the gateway's word was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// Nothing more.
    Done(Payment),
    /// The hold was lost: give the money back.
    Refund(Payment),
}

/// Begins a payment: freezes the hold, once and bounded. One that was begun before is resumed.
pub fn begin_payment(ledger: &mut Ledger, existing: Option<&Payment>, request: &Pay) -> Begun {
    let key = (request.event, request.reservation);
    if let Some(payment) = existing {
        ledger.replay(key);
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
        ledger.lapse(key);
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

/// Records the gateway's word. A charge that landed after the hold was lost has the same tickets
/// again if all are free, and is refunded if not; the error is what must be locked to know.
pub fn finish_payment(
    ledger: &mut Ledger,
    payment: &Payment,
    charge: Charge,
) -> Result<Finished, Footprint> {
    let key = (payment.event, payment.reservation);
    if payment.status.is_final() {
        ledger.replay(key);
        return Ok(Finished::Done(payment.clone()));
    }
    if payment.refund_due {
        return Ok(Finished::Refund(payment.clone()));
    }
    let ended = |status, reason| Payment { status, reason, ..payment.clone() };
    match charge {
        Charge::Captured if try_confirm(ledger, payment)? => {
            Ok(Finished::Done(ended(PaymentStatus::Succeeded, None)))
        }
        Charge::Captured => Ok(Finished::Refund(Payment {
            refund_due: true,
            reason: Some(Reason::HoldLost),
            ..payment.clone()
        })),
        Charge::Declined(reason) => {
            give_back(ledger, payment);
            Ok(Finished::Done(ended(PaymentStatus::Declined, Some(reason))))
        }
        Charge::Failed(reason) => {
            give_back(ledger, payment);
            Ok(Finished::Done(ended(PaymentStatus::Failed, Some(reason))))
        }
    }
}

/// Records that the gateway has given the money back.
pub fn refunded_payment(payment: &Payment) -> Payment {
    Payment { status: PaymentStatus::Refunded, refund_due: false, ..payment.clone() }
}

/// The hold lasts at least `paying_seconds` from now, if it was never frozen before.
fn freeze(ledger: &mut Ledger, reservation: &Reservation) {
    let key = (reservation.event, reservation.id);
    let terms = ledger.terms(reservation.event).expect("the sections of a hold are locked");
    let kept = ledger.now() + TimeDelta::seconds(i64::from(terms.paying_seconds));
    let until = reservation.expires_at.filter(|at| reservation.frozen || *at >= kept);
    if until.is_none() {
        ledger.prolong(key, kept);
    }
    let moved = ledger.transition(key, ReservationStatus::Paying, None);
    moved.frozen = true;
    moved.expires_at = until.or(Some(kept));
}

fn try_confirm(ledger: &mut Ledger, payment: &Payment) -> Result<bool, Footprint> {
    let key = (payment.event, payment.reservation);
    let Some(reservation) = ledger.reservation(key).cloned() else { return Ok(false) };
    match reservation.status {
        ReservationStatus::Paying => {}
        ReservationStatus::Expired if can_have_again(ledger, &reservation)? => {
            let keys = ticket_keys(&reservation);
            ledger.vacate(&keys);
            ledger.hold(&keys, reservation.id, ledger.now());
            let customer = reservation.customer.as_deref().unwrap_or_default();
            ledger.count_for(reservation.event, customer, keys.len() as i32);
        }
        _ => return Ok(false),
    }
    ledger.sell(key);
    ledger.transition(key, ReservationStatus::Confirmed, None).expires_at = None;
    Ok(true)
}

fn can_have_again(ledger: &Ledger, reservation: &Reservation) -> Result<bool, Footprint> {
    if !ledger.not_free(&ticket_keys(reservation))?.is_empty() {
        return Ok(false);
    }
    let limit = ledger.terms(reservation.event).and_then(|terms| terms.tickets_per_customer);
    let (Some(limit), Some(customer)) = (limit, &reservation.customer) else { return Ok(true) };
    let has = ledger.tickets_of(reservation.event, customer)?;
    Ok(has + reservation.tickets.len() as i32 <= limit)
}

/// After a refusal the hold goes on, if there is time left.
fn give_back(ledger: &mut Ledger, payment: &Payment) {
    let key = (payment.event, payment.reservation);
    let Some(reservation) = ledger.reservation(key) else { return };
    if reservation.status != ReservationStatus::Paying {
        return;
    }
    if reservation.is_due(ledger.now()) {
        ledger.lapse(key);
    } else {
        ledger.transition(key, ReservationStatus::Held, None);
    }
}

fn ticket_keys(reservation: &Reservation) -> Vec<TicketKey> {
    reservation.tickets.iter().map(|ticket| (reservation.event, *ticket)).collect()
}

fn blank(ledger: &Ledger, request: &Pay, reservation: Option<&Reservation>) -> Payment {
    let currency = ledger.house(request.event).currency;
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
