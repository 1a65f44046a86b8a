//! The admin port: what every process shows operators. It is never open to the public.

mod log;
mod metrics;
mod page;
mod status;

pub use status::Card;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use broker::Depths;
use broker::topology::Topology;
use process::settings::Settings;
use store::Pool;
use store::holds::Count;
use tokio::sync::Mutex;

/// The process that an admin port reports on.
pub trait Subject: Send + Sync + 'static {
    /// Whether it accepts work now.
    fn is_ready(&self) -> bool;
    /// Whether it can publish now.
    fn is_connected(&self) -> bool;
    /// Updates the gauges that are read only when somebody asks.
    fn measure(&self);
    /// Figures for the operators' page that only this process has.
    fn cards(&self) -> Vec<Card>;
    fn queue(&self, queue: &str) -> Known;
}

/// What a process knows about a queue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The worker that owns it, if it has an owner.
    pub owner: Option<String>,
    /// Whether this process is the owner.
    pub owned: bool,
    /// Requests of this queue that this process has in hand.
    pub in_hand: u32,
    /// Whether operators have paused it, as far as this process has been informed.
    pub paused: bool,
    /// Age of the oldest work that this process has in hand; 0 if it has none.
    pub age_seconds: f64,
}

#[derive(Debug)]
pub struct Admin<S> {
    process: String,
    subject: S,
    holds: Mutex<Option<(Instant, Count)>>,
    pool: Pool,
    connections_max: u32,
    depths: Depths,
}

impl<S: Subject> Admin<S> {
    /// Identifies the process in its metrics. `process` is `api` or `workers`; `pool` is used to
    /// read.
    pub fn new(process: &str, subject: S, settings: &Settings, pool: Pool) -> Arc<Self> {
        process::telemetry::metrics::identify(process);
        let queues = Topology::new(&settings.topology).work_queues();
        let depths = Depths::new(&settings.broker, &format!("{process} admin"), queues);
        let connections_max = settings.database.connections_max;
        let process = process.to_owned();
        let holds = Mutex::default();
        Arc::new(Self { process, subject, holds, pool, connections_max, depths })
    }
}

/// The routes that are the same in all processes.
pub fn routes<S: Subject>(admin: &Arc<Admin<S>>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::show::<S>))
        .route("/", get(async || page::show()))
        .route("/status", get(status::show::<S>))
        .route("/log", get(async || log::show()).put(async |body: String| log::change(&body)))
        .with_state(Arc::clone(admin))
}
