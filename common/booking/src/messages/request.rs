//! What buyers ask for.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{CardBehaviour, EventId, SectionNumber, TicketNumber, TierNumber};
use crate::ids::{PaymentId, ReservationId};

/// A request to a reservation worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Hold tickets.
    Reserve(Reserve),
    /// Give a hold back, or stop a request that is not decided yet.
    Cancel(Cancel),
}

/// Hold these tickets, or the best of a kind, or the best where these are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// The id that the reservation has.
    pub id: ReservationId,
    /// Its event.
    pub event: EventId,
    /// Whose it is.
    pub customer: String,
    /// The wish: these tickets, all or none. Ascending, without repetition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<TicketNumber>,
    /// Instead of a wish, or where it cannot be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// When the front door accepted it, by its clock.
    #[serde(with = "ts_milliseconds")]
    pub accepted_at: DateTime<Utc>,
    /// Older than this when it is decided, in milliseconds, it is refused.
    pub patience_ms: u32,
    /// A hash of the request's body.
    pub fingerprint: i64,
}

/// The best tickets of a kind: the first that are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Best {
    /// How many.
    pub quantity: i32,
    /// In this section only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<SectionNumber>,
    /// In this tier only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierNumber>,
    /// Side by side in one row, or not at all. Without meaning for general admission.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub together: bool,
}

/// Cancel a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Which.
    pub id: ReservationId,
    /// Its event.
    pub event: EventId,
    /// When the front door accepted the cancel.
    #[serde(with = "ts_milliseconds")]
    pub accepted_at: DateTime<Utc>,
}

/// A request to a payment worker: pay for a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pay {
    /// The id that the attempt has.
    pub id: PaymentId,
    /// The event.
    pub event: EventId,
    /// What it pays.
    pub reservation: ReservationId,
    /// How the card behaves.
    pub card: CardBehaviour,
    /// The card's last four digits.
    pub card_last4: String,
    /// When the front door accepted it.
    #[serde(with = "ts_milliseconds")]
    pub accepted_at: DateTime<Utc>,
    /// Older than this when it is begun, in milliseconds, it is refused.
    pub patience_ms: u32,
    /// A hash of the request's body.
    pub fingerprint: i64,
}

impl Request {
    /// The reservation that it is about.
    pub const fn id(&self) -> (EventId, ReservationId) {
        match self {
            Self::Reserve(reserve) => (reserve.event, reserve.id),
            Self::Cancel(cancel) => (cancel.event, cancel.id),
        }
    }

    /// When the front door accepted it.
    pub const fn accepted_at(&self) -> DateTime<Utc> {
        match self {
            Self::Reserve(reserve) => reserve.accepted_at,
            Self::Cancel(cancel) => cancel.accepted_at,
        }
    }
}
