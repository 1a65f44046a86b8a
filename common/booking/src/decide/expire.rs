//! Decides one prompt to look at a hold.

use chrono::{DateTime, Utc};

use super::footprint::ReservationKey;
use super::ledger::Ledger;
use crate::domain::ReservationStatus;

/// What became of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The hold was due: its tickets are free.
    Expired,
    /// It is not due yet: look again at this time.
    NotDue(DateTime<Utc>),
    /// It ended already, or never was: nothing to do. What ended it is told again, because the
    /// message that told of it may have been lost with the first delivery.
    Over,
}

/// Ends the hold if it is due by the database's clock. Late, early, repeated and stray prompts
/// change nothing wrong.
pub fn expire(ledger: &mut Ledger, key: ReservationKey) -> Expiry {
    let Some(reservation) = ledger.reservation(key) else { return Expiry::Over };
    match (reservation.status, reservation.expires_at) {
        (ReservationStatus::Held | ReservationStatus::Paying, Some(at)) if at <= ledger.now() => {
            ledger.lapse(key);
            Expiry::Expired
        }
        (ReservationStatus::Held | ReservationStatus::Paying, Some(at)) => Expiry::NotDue(at),
        (ReservationStatus::Expired, _) => {
            ledger.replay(key);
            Expiry::Over
        }
        _ => Expiry::Over,
    }
}
