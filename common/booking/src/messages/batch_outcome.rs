//! What one transaction decided, published to every front door after it was committed.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Message, VERSION};
use crate::domain::{Payment, Reservation, TicketState};
use crate::ids::{EventId, SectionNumber, TicketNumber};
use crate::trace::Trace;

/// What one transaction decided. The message is transient: the truth is in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchOutcome {
    v: u8,
    /// The moment of the decision, by the database's clock.
    #[serde(with = "ts_milliseconds")]
    pub decided_at: DateTime<Utc>,
    /// Where they come from: a queue's name, or that of the exchange where a transaction decides
    /// requests of several queues.
    pub queue: String,
    /// How far the queues are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<Progress>,
    /// The reservations that it decided or changed, or that were asked for again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<Reservation>,
    /// The payments likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// The sections whose tickets it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<SectionChange>,
    /// The traces of those that have one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<TracedOutcome>,
}

/// The trace of a reservation or payment that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedOutcome {
    /// The reservation or payment.
    pub id: uuid::Uuid,
    /// The span that decided it.
    pub trace: Trace,
}

/// How far a queue is: requests that were accepted between these moments have been decided, and so
/// were all before them. Front doors tell from it how long a new request will wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The queue's name.
    pub queue: String,
    /// When the oldest request that was decided had been accepted.
    #[serde(with = "ts_milliseconds")]
    pub oldest_accepted_at: DateTime<Utc>,
    /// The same of the newest.
    #[serde(with = "ts_milliseconds")]
    pub newest_accepted_at: DateTime<Utc>,
}

impl Progress {
    /// One request was decided.
    pub fn new(queue: &str, accepted_at: DateTime<Utc>) -> Self {
        let (oldest_accepted_at, newest_accepted_at) = (accepted_at, accepted_at);
        Self { queue: queue.to_owned(), oldest_accepted_at, newest_accepted_at }
    }

    /// And another one.
    pub fn add(&mut self, accepted_at: DateTime<Utc>) {
        self.oldest_accepted_at = self.oldest_accepted_at.min(accepted_at);
        self.newest_accepted_at = self.newest_accepted_at.max(accepted_at);
    }

    /// That of several requests of one queue; none for no requests.
    pub fn from_requests(
        queue: &str,
        accepted_at: impl IntoIterator<Item = DateTime<Utc>>,
    ) -> Option<Self> {
        let mut all = accepted_at.into_iter();
        let mut progress = Self::new(queue, all.next()?);
        all.for_each(|at| progress.add(at));
        Some(progress)
    }
}

/// A section's tickets changed. A reader that knows another version than `version - 1` has missed
/// something and reads the section anew; `changes` is empty where a redelivery only says the
/// version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionChange {
    pub event: EventId,
    pub number: SectionNumber,
    /// Its version after the change.
    pub version: i64,
    /// How many tickets are available after the change.
    pub available: i32,
    /// What changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<TicketChange>,
}

/// Tickets that came into the same state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketChange {
    pub state: TicketState,
    /// Until when, where they are held: from then on they count as free.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "ts_milliseconds_option")]
    pub until: Option<DateTime<Utc>>,
    /// The tickets, ascending.
    pub tickets: Vec<TicketNumber>,
}

impl BatchOutcome {
    /// Nothing decided yet.
    pub fn new(queue: &str, decided_at: DateTime<Utc>) -> Self {
        Self {
            v: VERSION,
            decided_at,
            queue: queue.to_owned(),
            progress: Vec::new(),
            reservations: Vec::new(),
            payments: Vec::new(),
            sections: Vec::new(),
            traces: Vec::new(),
        }
    }

    /// When the oldest request that was decided had been accepted.
    pub fn oldest_accepted_at(&self) -> Option<DateTime<Utc>> {
        self.progress.iter().map(|progress| progress.oldest_accepted_at).min()
    }

    /// There is nothing to announce.
    pub fn is_empty(&self) -> bool {
        self.reservations.is_empty() && self.payments.is_empty() && self.sections.is_empty()
    }
}

impl Message for BatchOutcome {
    fn version(&self) -> u8 {
        self.v
    }
}
