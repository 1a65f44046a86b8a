//! Workers of a pool tell each other that they live, so that they can share the partitions.

use serde::{Deserialize, Serialize};

use super::{Message, VERSION};

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    v: u8,
    /// The worker, unique among all processes.
    pub worker: String,
    /// What it says.
    pub kind: PresenceKind,
}

/// What a sign of life says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceKind {
    /// I have come; answer with a beat, so that I know you.
    Hello,
    /// I am still here.
    Beat,
    /// I am leaving.
    Bye,
}

impl Presence {
    /// A sign of life.
    pub fn new(worker: &str, kind: PresenceKind) -> Self {
        Self { v: VERSION, worker: worker.to_owned(), kind }
    }
}

impl Message for Presence {
    fn version(&self) -> u8 {
        self.v
    }
}
