//! Reservations: one verb per file.

pub mod cancel;
pub mod certain;
pub mod create;
pub mod order;
pub mod show;
pub mod stream;
pub mod tickets;
pub mod verdict;
pub mod view;

use std::time::Duration;

/// How long a look at a reservation may take before a request goes on without it.
pub const QUICK_LOOK: Duration = Duration::from_millis(250);
