//! The delayed message: a prompt to check holds when they are due.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Message, VERSION};
use crate::ids::{EventId, ReservationId};

/// Where a prompt comes from. It does not change how the prompt is handled; it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Sent when the hold was made.
    Hold,
    /// Sent again when an expiry worker started.
    Start,
    /// Sent by the overdue sweep, which found a hold that no prompt had reached.
    Sweep,
}

impl Prompt {
    /// Every origin.
    pub const ALL: &'static [Self] = &[Self::Hold, Self::Start, Self::Sweep];

    /// The name used in JSON and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Start => "start",
            Self::Sweep => "sweep",
        }
    }
}

/// Holds to check together. It is only a prompt: the database decides what is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueHolds {
    v: u8,
    pub prompt: Prompt,
    pub holds: Vec<DueHold>,
}

/// One hold and when it is due, by the database's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueHold {
    #[serde(rename = "e")]
    pub event: EventId,
    #[serde(rename = "r")]
    pub reservation: ReservationId,
    #[serde(rename = "d", with = "ts_milliseconds")]
    pub due_at: DateTime<Utc>,
}

impl DueHolds {
    pub fn new(prompt: Prompt, holds: Vec<DueHold>) -> Self {
        Self { v: VERSION, prompt, holds }
    }
}

impl Message for DueHolds {
    fn version(&self) -> u8 {
        self.v
    }
}
