//! What all pools of a process share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use booking::domain::WorkerPool;
use broker::topology::Topology;
use broker::{Connection, LostConnection, Publisher};
use process::settings::Settings;
use store::replan::Replan;
use store::seating_plans::SeatingPlanCache;
use store::{Pool, pool};
use tokio_util::sync::CancellationToken;

use crate::failed_queues::FailedQueues;
use crate::fleet::in_hand;
use crate::fleet::orders::Orders;
use crate::fleet::ownership::View;
use crate::metrics;

#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    pub topology: Topology,
    pub pool: Pool,
    pub(crate) replan: Replan,
    pub plans: SeatingPlanCache,
    pub publisher: Publisher,
    /// Cancelled when the process must stop. Pools then take no new work.
    pub stop: CancellationToken,
    /// Cancelled when half of `workers.drain_ms` is over. Retries then end, and the broker
    /// redelivers the unfinished work to other workers.
    pub give_up: CancellationToken,
    /// A random name, unique for each process.
    pub worker: String,
    pub orders: Orders,
    pub(crate) failed_queues: FailedQueues,
    view: Mutex<Option<View>>,
}

impl Context {
    /// Opens what the pools share. Neither Postgres nor the broker has to be available yet. The
    /// publisher stays open after `stop`, because the work in hand must still be announced.
    pub fn new(settings: Settings, stop: CancellationToken) -> anyhow::Result<Self> {
        let topology = Topology::new(&settings.topology);
        let worker = uuid::Uuid::from_u128(rand::random()).simple().to_string();
        let name = format!("workers {worker} publishing");
        let until_exit = CancellationToken::new();
        Ok(Self {
            pool: pool::open_for_batches(&settings.database, "workers")?,
            replan: Replan::default(),
            publisher: Publisher::start(&settings.broker, &topology, &name, until_exit),
            plans: SeatingPlanCache::default(),
            topology,
            failed_queues: FailedQueues::new(&settings.broker, &worker),
            worker,
            view: Mutex::default(),
            stop,
            give_up: CancellationToken::new(),
            orders: Orders::default(),
            settings,
        })
    }

    /// The live reservation workers that this process knows. None if it runs no reservation pool.
    pub(crate) fn view(&self) -> Option<View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stores the view for the status page and the metrics.
    pub(crate) fn show_view(&self, view: &View) {
        let partitions = self.topology.request_partitions();
        metrics::shared(view.workers(), |partition| view.owns(partition), partitions);
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(view.clone());
    }

    /// How long a transaction may take before its connection counts as lost. It is longer than the
    /// statement time-out, so that the server ends a slow statement first.
    pub fn answer_timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.settings.database.statement_timeout_ms) + 5_000)
    }

    /// Waits while the pool of these queues is paused. False if the process stops first.
    pub(crate) async fn wait_until_unpaused(&self, pool: WorkerPool, queues: &[&str]) -> bool {
        in_hand::set_working(queues, false);
        tokio::select! {
            // Biased: if the pool resumes while the process stops, the stop wins.
            biased;
            () = self.stop.cancelled() => return false,
            () = self.orders.until(pool, false) => {}
        }
        in_hand::set_working(queues, true);
        true
    }

    /// Opens a connection for consuming, and declares the topology on it.
    pub async fn connect(&self, pool: &str) -> Result<Connection, LostConnection> {
        let name = format!("workers {} {pool}", self.worker);
        let connection = Connection::open(&self.settings.broker, &name).await?;
        broker::declare(&connection, &self.topology).await?;
        Ok(connection)
    }
}
