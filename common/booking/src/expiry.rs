//! Decides one prompt to look at a hold.

use chrono::{DateTime, Utc};

use crate::domain::ReservationStatus;
use crate::ids::ReservationKey;
use crate::ledger::Ledger;

/// What became of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The hold was due: its tickets are free.
    Expired,
    /// It is not due yet: look again at this time.
    NotDue(DateTime<Utc>),
    /// It ended already, or never was: nothing to do. An expired one is announced again, because
    /// the message that announced it may have been lost with the first delivery.
    Over,
}

/// Ends the hold if it is due by the database's clock. Late, early, repeated and stray prompts
/// change nothing wrong.
pub fn expire_hold(ledger: &mut Ledger, key: ReservationKey) -> Expiry {
    let Some(reservation) = ledger.reservation(key) else { return Expiry::Over };
    match (reservation.status, reservation.expires_at) {
        (ReservationStatus::Held | ReservationStatus::Paying, Some(at)) if at <= ledger.now() => {
            ledger.expire_reservation(key);
            Expiry::Expired
        }
        (ReservationStatus::Held | ReservationStatus::Paying, Some(at)) => Expiry::NotDue(at),
        (ReservationStatus::Expired, _) => {
            ledger.announce_again(key);
            Expiry::Over
        }
        _ => Expiry::Over,
    }
}
