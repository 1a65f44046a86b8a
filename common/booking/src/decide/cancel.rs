//! Decides one cancel.

use super::ledger::Ledger;
use crate::domain::{Reason, Reservation, ReservationStatus};
use crate::messages::Cancel;

/// Gives a hold back. A cancel that comes before its request leaves a tombstone, which the request
/// then finds; one that comes too late changes nothing, and the outcome says what the state is.
pub fn cancel(ledger: &mut Ledger, request: &Cancel) {
    let key = (request.event, request.id);
    let Some(reservation) = ledger.reservation(key) else {
        let tombstone = tombstone(ledger, request);
        ledger.put(tombstone);
        return;
    };
    if reservation.status != ReservationStatus::Held {
        ledger.replay(key);
    } else if reservation.is_due(ledger.now()) {
        ledger.lapse(key);
    } else {
        let (customer, tickets) = (reservation.customer.clone(), reservation.tickets.len() as i32);
        let reason = Some(Reason::CancelledByCustomer);
        ledger.transition(key, ReservationStatus::Cancelled, reason);
        ledger.release(key);
        ledger.count_for(request.event, &customer.unwrap_or_default(), -tickets);
    }
}

fn tombstone(ledger: &Ledger, request: &Cancel) -> Reservation {
    Reservation {
        event: request.event,
        id: request.id,
        revision: 1,
        status: ReservationStatus::Cancelled,
        customer: None,
        tickets: Vec::new(),
        prices: Vec::new(),
        currency: ledger.house(request.event).currency,
        created_at: request.accepted_at,
        expires_at: None,
        frozen: false,
        reason: Some(Reason::CancelledByCustomer),
        conflicts: Vec::new(),
        fingerprint: 0,
    }
}
