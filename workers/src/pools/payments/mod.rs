//! The payment pool: begin (freeze the hold), charge at the gateway outside of any transaction,
//! finish (confirm, or unfreeze the hold). After a crash in between, the envelope is redelivered,
//! and its payments resume with the same key at the gateway, so a card is charged at most once.

mod attempt;
mod begin;
mod charge;
mod dummy;
mod fail;
mod finish;
mod gateway;
mod handle;
mod refund;

pub use gateway::{GatewayError, PaymentGateway};

use std::sync::Arc;

use booking::domain::WorkerPool;
use booking::payments::Pay;
use broker::topology::Topology;
use broker::{Connection, Delivery, LostConnection};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::batch::Batch;
use crate::context::Context;
use crate::pool::{self, Handling, Pool};
use crate::step::retry::Stopped;
use dummy::DummyGateway;

/// Consumes all payment queues, as all payment workers do, until the process stops.
pub(crate) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
) -> Result<(), LostConnection> {
    let gateway = Arc::new(DummyGateway::new(context.pool.clone()));
    let at_once = Arc::new(Semaphore::new(context.settings.workers.payments_at_once));
    let mut tasks = JoinSet::new();
    for number in 0..context.topology.payment_partitions() {
        let queue = Topology::payment_queue(number);
        let pool = Arc::new(Payments {
            context: Arc::clone(context),
            queue: queue.clone(),
            gateway: Arc::clone(&gateway),
            at_once: Arc::clone(&at_once),
        });
        let connection = Arc::clone(connection);
        let queues = vec![(number, queue)];
        tasks.spawn(async move { pool::run(&pool, &connection, queues, None).await });
    }
    super::join_tasks(tasks).await
}

/// The payments of one queue. Envelopes are handled in parallel, because a gateway may be slow.
struct Payments<G> {
    context: Arc<Context>,
    queue: String,
    gateway: Arc<G>,
    /// Limits the charges at the gateway, for all queues of this process.
    at_once: Arc<Semaphore>,
}

impl<G: PaymentGateway> Pool for Payments<G> {
    type Batch = Batch<Pay>;

    const WORKER_POOL: WorkerPool = WorkerPool::Payments;
    const HANDLING: Handling = Handling::SideBySide;

    fn context(&self) -> &Arc<Context> {
        &self.context
    }

    fn add(&self, batch: &mut Batch<Pay>, queue: &str, delivery: &Delivery) {
        batch.add(queue, delivery);
    }

    /// A batch is one envelope, because each envelope is acked alone.
    fn is_full(&self, batch: &Batch<Pay>) -> bool {
        batch.envelopes() > 0
    }

    async fn handle(self: Arc<Self>, batch: Batch<Pay>) -> Result<(), Stopped> {
        handle::pay(&self.context, &self.queue, &*self.gateway, &self.at_once, batch).await
    }
}
