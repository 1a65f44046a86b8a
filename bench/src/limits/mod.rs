//! What the machine's Postgres and RabbitMQ can do alone: no system on top of them can do more.

mod broker;
mod postgres;

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

pub use self::broker::broker;
pub use postgres::postgres;

/// A measured limit.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    pub what: String,
    /// Messages or transactions per second.
    pub per_s: f64,
    pub requests_per_s: f64,
}

/// How long each limit is measured. A warm-up of a fifth of that comes first.
#[derive(Debug, Clone, Copy)]
pub struct Length(pub Duration);

impl Length {
    fn warmup(self) -> Duration {
        self.0 / 5
    }
}

/// Runs the load on threads of its own, so that the kit's single thread is not the limit.
async fn on_all_cores<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.spawn(work).await;
    runtime.shutdown_background();
    done?
}
