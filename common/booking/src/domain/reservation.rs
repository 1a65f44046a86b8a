//! A reservation: the record of one request, whatever became of it.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Currency, Money, Reason, ReservationStatus};
use crate::ids::{EventId, ReservationId, TicketNumber};

/// A decided reservation, as it is stored and as outcomes carry it. Times have milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    pub event: EventId,
    /// Its id, minted by the front door.
    pub id: ReservationId,
    /// Rises by one with every change of state: of two outcomes the higher one is the later.
    pub revision: i32,
    /// Its state.
    pub status: ReservationStatus,
    /// Whose it is; absent where a cancel arrived before the request that it cancels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The tickets that it holds or held, in ascending order; none where it was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<TicketNumber>,
    /// The price of each ticket in minor units, fixed when the hold was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<i64>,
    /// The currency of the prices.
    pub currency: Currency,
    /// When the front door accepted it.
    #[serde(with = "ts_milliseconds")]
    pub created_at: DateTime<Utc>,
    /// When its hold runs out, by the database's clock; present once it was held.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "ts_milliseconds_option")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether its one freeze for paying is used up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
    /// Why it was refused or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Where it was refused for want of them: the wished tickets that were not free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<TicketNumber>,
    /// A hash of the request's body: the same id with another one is a key used twice.
    pub fingerprint: i64,
}

impl Reservation {
    /// What all its tickets cost together.
    pub fn total(&self) -> Money {
        Money { amount: self.prices.iter().sum(), currency: self.currency }
    }

    /// Held or paying, and its time is up by this clock.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        matches!(self.status, ReservationStatus::Held | ReservationStatus::Paying)
            && self.expires_at.is_some_and(|at| at <= now)
    }

    /// Its state at a moment, and why: a hold whose time is up cannot be paid any more, even if no
    /// worker has ended it yet.
    pub fn state_at(&self, now: DateTime<Utc>) -> (ReservationStatus, Option<Reason>) {
        if self.status == ReservationStatus::Held && self.is_due(now) {
            (ReservationStatus::Expired, Some(Reason::Expired))
        } else {
            (self.status, self.reason)
        }
    }
}
