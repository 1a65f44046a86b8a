//! What travels through the broker, as JSON: envelopes (of [`crate::requests`] and of payments),
//! holds that fall due, outcomes, the presence of workers, and what operators order them.
//!
//! Every message has a version `v`. Readers ignore fields that they do not know; a message of a
//! version that they do not know is rejected to the dead letters. `tests/golden` keeps the bytes of
//! every version that was ever sent, and each must still be read.

mod batch_outcome;
mod control;
mod envelope;
mod holds;
pub mod later;
mod presence;
mod wire;

pub use batch_outcome::{BatchOutcome, Progress, SectionChange, TicketChange, TracedOutcome};
pub use control::{Control, ControlKind, PoolOrder, QueueReport, Report};
pub use envelope::{Envelope, Opened};
pub use holds::{DueHold, DueHolds, Prompt};
pub use presence::{Presence, PresenceKind};
pub use wire::{Message, Undecodable};

/// The version that this build writes.
pub const VERSION: u8 = 1;
