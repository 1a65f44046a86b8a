//! What the machine's Postgres and RabbitMQ do alone: no system on top of them can do more.

mod broker;
mod postgres;

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

pub use self::broker::broker;
pub use postgres::postgres;

/// One measured limit.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// What was done.
    pub what: String,
    /// Messages or transactions in a second.
    pub per_s: f64,
    /// Requests in a second.
    pub requests_per_s: f64,
}

/// How long each limit is measured, after a fifth of that as a warm-up.
#[derive(Debug, Clone, Copy)]
pub struct Length(pub Duration);

impl Length {
    fn warmup(self) -> Duration {
        self.0 / 5
    }
}

/// Runs what drives a server on threads of its own, so that one thread of the kit is not the limit.
async fn on_all_cores<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.spawn(work).await;
    runtime.shutdown_background();
    done?
}
