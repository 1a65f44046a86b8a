//! Tests of the whole system from outside: real processes, real servers, real faults.
//!
//! A [`Stack`] is one Boxoffice with a database and a virtual host of its own. It is stopped with
//! [`Stack::finish`], which proves the invariants: what a test leaves behind is checked too.

mod buyer;
mod command;
mod database;
pub mod faults;
pub mod messages;
mod metrics;
mod own;
pub mod plans;
mod service;
mod slowest;
mod stack;
mod vhost;

pub use buyer::{Answer, Buyer};
pub use command::Ran;
pub use database::Database;
pub use metrics::Metrics;
pub use own::Own;
pub use service::Service;
pub use slowest::slowest;
pub use stack::{Options, Stack};
pub use vhost::Vhost;

use std::time::Duration;

/// The longest that anything in a test may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is yes; fails the test when it is not within [`PATIENCE`].
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !ask().await {
        assert!(tokio::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
