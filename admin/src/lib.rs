//! What every process shows operators on its admin port, which is never open to the public.

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

/// What a process knows of itself.
pub trait Subject: Send + Sync + 'static {
    /// Whether it takes work now.
    fn is_ready(&self) -> bool;
    /// Whether it can publish now.
    fn is_connected(&self) -> bool;
    /// Sets the gauges that are only looked at when somebody asks.
    fn measure(&self);
    /// Figures of its own, for the operators' page.
    fn cards(&self) -> Vec<Card>;
    /// What it knows of a queue.
    fn queue(&self, queue: &str) -> Known;
}

/// What a process knows of a queue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The worker that owns it, where it has an owner.
    pub owner: Option<String>,
    /// That is this process.
    pub owned: bool,
    /// How many requests of it this process has in hand.
    pub in_hand: u32,
    /// Operators have paused it, as far as this process has heard.
    pub paused: bool,
    /// How old the oldest work is that this process has in hand; 0 where it has none.
    pub age_seconds: f64,
}

/// What the admin port needs of a process.
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
    /// The admin port of a process, `api` or `workers`, which reads with this pool.
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

/// The routes that all processes have.
pub fn routes<S: Subject>(admin: &Arc<Admin<S>>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::show::<S>))
        .route("/", get(async || page::show()))
        .route("/status", get(status::show::<S>))
        .route("/log", get(async || log::show()).put(async |body: String| log::change(&body)))
        .with_state(Arc::clone(admin))
}
