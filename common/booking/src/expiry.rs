//! The decision on one prompt to check a hold.

use chrono::{DateTime, Utc};

use crate::domain::ReservationStatus;
use crate::ids::ReservationKey;
use crate::ledger::Ledger;

/// The result of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The hold was due, and its tickets are free now.
    Expired,
    /// The hold is not due yet: check it again at this time.
    NotDue(DateTime<Utc>),
    /// There is no hold any more, or there never was one: nothing to do. An expired one is
    /// announced again, because its announcement may have been lost with the first delivery.
    Over,
}

/// Ends the hold if it is due by the database's clock. So late, early, repeated and stray prompts
/// are harmless.
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
