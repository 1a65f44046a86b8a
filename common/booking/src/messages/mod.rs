//! What travels through the broker, as JSON: requests in envelopes, holds that fall due, outcomes,
//! the presence of workers, and what operators tell them.
//!
//! Every message has a version `v`. Readers ignore fields that they do not know; a message of a
//! version that they do not know is rejected to the dead letters. `tests/golden` keeps the bytes of
//! every version that was ever sent, and each must still be read.

mod control;
mod envelope;
mod holds;
pub mod later;
mod outcomes;
mod presence;
mod request;
mod wire;

pub use control::{Control, ControlKind, PoolOrder, QueueReport, Report};
pub use envelope::{Envelope, Opened};
pub use holds::{DueHold, DueHolds, Prompt};
pub use outcomes::{Outcomes, Progress, SectionChange, TicketChange, TracedOutcome};
pub use presence::{Presence, PresenceKind};
pub use request::{Best, Cancel, Pay, Request, Reserve};
pub use wire::{Message, Undecodable};

/// The version that this build writes.
pub const VERSION: u8 = 1;
