//! Heartbeats between the workers of a pool, from which each knows who owns which partition.

use serde::{Deserialize, Serialize};

use super::{Message, VERSION};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    v: u8,
    /// The worker's name, unique among all processes.
    pub worker: String,
    pub kind: PresenceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceKind {
    /// The worker has started. Others answer with a beat, so that it knows them.
    Hello,
    /// The worker is still alive.
    Beat,
    /// The worker is stopping.
    Bye,
}

impl Presence {
    pub fn new(worker: &str, kind: PresenceKind) -> Self {
        Self { v: VERSION, worker: worker.to_owned(), kind }
    }
}

impl Message for Presence {
    fn version(&self) -> u8 {
        self.v
    }
}
