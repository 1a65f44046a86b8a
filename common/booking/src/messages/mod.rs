//! The messages in the broker, as JSON: envelopes (of [`crate::requests`] and of payments), holds
//! that fall due, outcomes, the presence of workers, and the orders of operators.
//!
//! Every message has a version `v`. Readers ignore unknown fields; a message of an unknown version
//! goes to the dead letters. `tests/golden` has the bytes of every version that was ever sent, and
//! each must still be readable.

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
