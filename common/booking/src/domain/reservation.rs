//! A reservation: the record of one request, whatever its outcome.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Currency, Money, Reason, ReservationStatus};
use crate::ids::{EventId, ReservationId, TicketNumber};

/// A decided reservation, as it is stored and as outcomes contain it. Times have milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    pub event: EventId,
    /// Minted by the front door.
    pub id: ReservationId,
    /// Rises by one with every change of state: of two outcomes, the one with the higher revision
    /// is later.
    pub revision: i32,
    pub status: ReservationStatus,
    /// Absent in a tombstone: the cancel does not know the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The tickets that it holds or held, ascending; empty if it was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<TicketNumber>,
    /// The price of each ticket in minor units, fixed when the hold was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<i64>,
    pub currency: Currency,
    /// When the front door accepted it.
    #[serde(with = "ts_milliseconds")]
    pub created_at: DateTime<Utc>,
    /// When its hold ends, by the database's clock; present once it was held.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "ts_milliseconds_option")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether a payment has prolonged the hold; that is allowed only once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
    /// Why it was refused or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The requested tickets that were not free, if it was refused because of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<TicketNumber>,
    /// A hash of the request's body. The same id with another hash means that a key was used twice.
    pub fingerprint: i64,
}

impl Reservation {
    pub fn total(&self) -> Money {
        Money { amount: self.prices.iter().sum(), currency: self.currency }
    }

    /// Whether it is held or paying and its time has passed by this clock.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        matches!(self.status, ReservationStatus::Held | ReservationStatus::Paying)
            && self.expires_at.is_some_and(|at| at <= now)
    }

    /// Its state and reason at this time. A hold that is due can no longer be paid, even if no
    /// worker has ended it yet.
    pub fn state_at(&self, now: DateTime<Utc>) -> (ReservationStatus, Option<Reason>) {
        if self.status == ReservationStatus::Held && self.is_due(now) {
            (ReservationStatus::Expired, Some(Reason::Expired))
        } else {
            (self.status, self.reason)
        }
    }
}
