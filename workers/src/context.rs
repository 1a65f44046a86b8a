//! What every pool needs.

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

/// What every pool of a process shares.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    /// Queues and keys.
    pub topology: Topology,
    /// Postgres.
    pub pool: Pool,
    /// When its statements are planned anew.
    pub(crate) replan: Replan,
    /// The seating plans met so far.
    pub plans: SeatingPlanCache,
    /// To the broker.
    pub publisher: Publisher,
    /// Cancelled when the process must stop: nothing new is begun.
    pub stop: CancellationToken,
    /// Cancelled when half of the time to finish is over: what still cannot be finished is left to
    /// other workers.
    pub give_up: CancellationToken,
    /// This process, unlike any other.
    pub worker: String,
    /// Which pools operators have paused.
    pub orders: Orders,
    /// Queues that failed while the broker was well.
    pub(crate) failed_queues: FailedQueues,
    view: Mutex<Option<View>>,
}

impl Context {
    /// Opens what the pools share. Neither server has to be there yet. The publisher lives on
    /// after `stop`, to tell what was in hand.
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

    /// The reservation workers as this one knows them; none where it is not one of them.
    pub(crate) fn view(&self) -> Option<View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows operators another view.
    pub(crate) fn show_view(&self, view: &View) {
        let partitions = self.topology.request_partitions();
        metrics::shared(view.workers(), |partition| view.owns(partition), partitions);
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(view.clone());
    }

    /// The longest that the database may take for one transaction, before its connection counts as
    /// lost: more than it may take for one statement.
    pub fn answer_timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.settings.database.statement_timeout_ms) + 5_000)
    }

    /// Waits until operators let a pool take from these queues; false where the process stops
    /// first.
    pub(crate) async fn wait_until_unpaused(&self, pool: WorkerPool, queues: &[&str]) -> bool {
        in_hand::set_working(queues, false);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return false,
            () = self.orders.until(pool, false) => {}
        }
        in_hand::set_working(queues, true);
        true
    }

    /// A connection to consume on.
    pub async fn connect(&self, pool: &str) -> Result<Connection, LostConnection> {
        let name = format!("workers {} {pool}", self.worker);
        let connection = Connection::open(&self.settings.broker, &name).await?;
        broker::declare(&connection, &self.topology).await?;
        Ok(connection)
    }
}
