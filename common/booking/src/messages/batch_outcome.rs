//! What one transaction decided, published to every front door after it was committed.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Message, VERSION};
use crate::domain::{Payment, Reservation, TicketState};
use crate::ids::{EventId, SectionNumber, TicketNumber};
use crate::trace::Trace;

/// The message is transient: the truth is in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchOutcome {
    v: u8,
    /// The time of the decision, by the database's clock.
    #[serde(with = "ts_milliseconds")]
    pub decided_at: DateTime<Utc>,
    /// The source: a queue's name, or the exchange's name if a transaction decides requests of
    /// several queues.
    pub queue: String,
    /// How far the queues have been decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<Progress>,
    /// The reservations that were decided or changed, or whose request was delivered again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<Reservation>,
    /// The payments, in the same way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// The sections whose tickets it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<SectionChange>,
    /// The traces of traced requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<TracedOutcome>,
}

/// The trace of a reservation or payment that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedOutcome {
    /// The id of the reservation or payment.
    pub id: uuid::Uuid,
    /// The span that decided it.
    pub trace: Trace,
}

/// How far a queue has been decided: requests that were accepted between these times, and all
/// before them. Front doors estimate from it how long a new request will wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub queue: String,
    /// When the oldest request that was decided had been accepted.
    #[serde(with = "ts_milliseconds")]
    pub oldest_accepted_at: DateTime<Utc>,
    /// The same for the newest one.
    #[serde(with = "ts_milliseconds")]
    pub newest_accepted_at: DateTime<Utc>,
}

impl Progress {
    /// The progress of a queue after one request was decided.
    pub fn new(queue: &str, accepted_at: DateTime<Utc>) -> Self {
        let (oldest_accepted_at, newest_accepted_at) = (accepted_at, accepted_at);
        Self { queue: queue.to_owned(), oldest_accepted_at, newest_accepted_at }
    }

    /// Adds another decided request.
    pub fn add(&mut self, accepted_at: DateTime<Utc>) {
        self.oldest_accepted_at = self.oldest_accepted_at.min(accepted_at);
        self.newest_accepted_at = self.newest_accepted_at.max(accepted_at);
    }

    /// The progress of a queue after these requests were decided; none if there are none.
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

/// A change of a section's tickets. A reader whose version is not `version - 1` has missed
/// something and must read the section again. `changes` is empty if a redelivery only repeats the
/// version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionChange {
    pub event: EventId,
    pub number: SectionNumber,
    /// The version after the change.
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
    /// When the hold ends, if they are held: from then on they count as free.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "ts_milliseconds_option")]
    pub until: Option<DateTime<Utc>>,
    /// The tickets, ascending.
    pub tickets: Vec<TicketNumber>,
}

impl BatchOutcome {
    /// Without any decision yet.
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

    /// Whether there is nothing to announce.
    pub fn is_empty(&self) -> bool {
        self.reservations.is_empty() && self.payments.is_empty() && self.sections.is_empty()
    }
}

impl Message for BatchOutcome {
    fn version(&self) -> u8 {
        self.v
    }
}
