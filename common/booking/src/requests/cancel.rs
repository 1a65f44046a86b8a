//! Cancel: a buyer ends a hold, or stops a request that is not decided yet.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Decide, Route};
use crate::domain::{Reason, Reservation, ReservationStatus, SeatingPlan};
use crate::ids::{EventId, ReservationId, ReservationKey};
use crate::ledger::{Decision, Footprint, Ledger};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    pub id: ReservationId,
    pub event: EventId,
    /// When the front door accepted the cancel.
    #[serde(with = "ts_milliseconds")]
    pub accepted_at: DateTime<Utc>,
}

impl Decide for Cancel {
    fn key(&self) -> ReservationKey {
        (self.event, self.id)
    }

    fn accepted_at(&self) -> DateTime<Utc> {
        self.accepted_at
    }

    fn route(&self, _plan: &SeatingPlan) -> Route {
        Route::Reservation(self.id)
    }

    fn frees_tickets(&self) -> bool {
        true
    }

    fn footprint(&self, _plan: &SeatingPlan, footprint: &mut Footprint) {
        footprint.reservations.insert(self.key());
    }

    /// A cancel that comes before its request leaves a tombstone, so that the request holds
    /// nothing. A cancel that comes too late changes nothing, and the outcome shows the present
    /// state.
    fn decide(&self, ledger: &mut Ledger) -> Decision<()> {
        match ledger.reservation(self.key()) {
            None => ledger.put_reservation(tombstone(ledger, self)),
            Some(reservation) if reservation.status != ReservationStatus::Held => {
                ledger.announce_again(self.key());
            }
            Some(reservation) if reservation.is_due(ledger.now()) => {
                ledger.expire_reservation(self.key());
            }
            Some(reservation) => give_back(ledger, &reservation.clone()),
        }
        Decision::Made(())
    }

    /// The reservation stays as it is, and its present state is announced.
    fn reject(&self, ledger: &mut Ledger) {
        ledger.announce_again(self.key());
    }
}

fn give_back(ledger: &mut Ledger, reservation: &Reservation) {
    let key = (reservation.event, reservation.id);
    let reason = Some(Reason::CancelledByCustomer);
    ledger.move_reservation(key, ReservationStatus::Cancelled, reason);
    ledger.release_tickets(key);
    let customer = reservation.customer.as_deref().unwrap_or_default();
    ledger.add_to_count(reservation.event, customer, -(reservation.tickets.len() as i32));
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
        currency: ledger.plan(request.event).currency,
        created_at: request.accepted_at,
        expires_at: None,
        frozen: false,
        reason: Some(Reason::CancelledByCustomer),
        conflicts: Vec::new(),
        fingerprint: 0,
    }
}
