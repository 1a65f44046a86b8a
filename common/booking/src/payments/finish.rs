//! The end of a payment: the gateway's answer is recorded, and a refund.

use crate::domain::{Payment, PaymentStatus, Reason, Reservation, ReservationStatus};
use crate::ids::TicketKey;
use crate::ledger::{Decision, Footprint, Ledger};

/// What the gateway answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// The charge succeeded.
    Captured,
    /// The card's issuer declined; nothing was charged.
    Declined(Reason),
    /// The gateway failed; nothing was charged.
    Failed(Reason),
}

/// What to do after the answer was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    Done(Payment),
    /// The hold had ended and its tickets cannot be given back: refund the charge.
    Refund(Payment),
}

/// Records the gateway's answer. If the hold ended before the charge succeeded, the reservation
/// gets the same tickets again if all are free; otherwise the charge is refunded.
pub fn finish_payment(
    ledger: &mut Ledger,
    payment: &Payment,
    charge: Charge,
) -> Decision<Finished> {
    record_answer(ledger, payment, charge).into()
}

/// Records that the gateway has refunded the charge.
pub fn refunded_payment(payment: &Payment) -> Payment {
    Payment { status: PaymentStatus::Refunded, refund_due: false, ..payment.clone() }
}

fn record_answer(
    ledger: &mut Ledger,
    payment: &Payment,
    charge: Charge,
) -> Result<Finished, Footprint> {
    let key = (payment.event, payment.reservation);
    if payment.status.is_final() {
        ledger.announce_again(key);
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

fn try_confirm(ledger: &mut Ledger, payment: &Payment) -> Result<bool, Footprint> {
    let key = (payment.event, payment.reservation);
    let Some(reservation) = ledger.reservation(key).cloned() else { return Ok(false) };
    match reservation.status {
        ReservationStatus::Paying => {}
        ReservationStatus::Expired if can_have_again(ledger, &reservation)? => {
            let keys = ticket_keys(&reservation);
            ledger.expire_holds_on(&keys);
            ledger.hold_tickets(&keys, reservation.id, ledger.now());
            let customer = reservation.customer.as_deref().unwrap_or_default();
            ledger.add_to_count(reservation.event, customer, keys.len() as i32);
        }
        _ => return Ok(false),
    }
    ledger.sell_tickets(key);
    ledger.move_reservation(key, ReservationStatus::Confirmed, None).expires_at = None;
    Ok(true)
}

fn can_have_again(ledger: &Ledger, reservation: &Reservation) -> Result<bool, Footprint> {
    if !ledger.find_taken(&ticket_keys(reservation))?.is_empty() {
        return Ok(false);
    }
    let limit = ledger.terms(reservation.event).and_then(|terms| terms.tickets_per_customer);
    let (Some(limit), Some(customer)) = (limit, &reservation.customer) else { return Ok(true) };
    let has = ledger.count_tickets(reservation.event, customer)?;
    Ok(has + reservation.tickets.len() as i32 <= limit)
}

/// After a failed payment the hold goes on if time is left; otherwise it ends.
fn give_back(ledger: &mut Ledger, payment: &Payment) {
    let key = (payment.event, payment.reservation);
    let Some(reservation) = ledger.reservation(key) else { return };
    if reservation.status != ReservationStatus::Paying {
        return;
    }
    if reservation.is_due(ledger.now()) {
        ledger.expire_reservation(key);
    } else {
        ledger.move_reservation(key, ReservationStatus::Held, None);
    }
}

fn ticket_keys(reservation: &Reservation) -> Vec<TicketKey> {
    reservation.tickets.iter().map(|ticket| (reservation.event, *ticket)).collect()
}
