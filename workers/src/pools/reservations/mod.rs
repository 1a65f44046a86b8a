//! The reservation pool: takes envelopes of requests from the partitions, decides each batch in one
//! transaction, announces the outcomes, and acks. Several lanes run in parallel, so that one
//! decides while another waits for the database or the broker. There is no outbox table: an
//! envelope that is not acked is redelivered, and its outcomes are announced again.

mod apply;
mod lanes;

use std::sync::Arc;

use booking::domain::WorkerPool;
use booking::requests::Request;
use broker::topology::{REQUESTS, Topology};
use broker::{Connection, Delivery, LostConnection};
use process::failpoint;
use tokio::task::JoinSet;

use super::batch::Batch;
use crate::context::Context;
use crate::pool::{self, Handling, Pool};
use crate::presence;
use crate::step::retry::Stopped;
use apply::apply_batch;

/// Subscribes to all partitions until the process stops. The broker makes one worker the active
/// consumer of each.
pub(crate) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
) -> Result<(), LostConnection> {
    let view = Arc::new(presence::alone(context));
    let pool = Arc::new(Reservations { context: Arc::clone(context) });
    let mut tasks = JoinSet::new();
    let lanes = context.settings.workers.lanes;
    for block in lanes::split_partitions(context.topology.request_partitions(), lanes) {
        let pool = Arc::clone(&pool);
        let connection = Arc::clone(connection);
        let view = Some(view.subscribe());
        let queues = block.map(|number| (number, Topology::request_queue(number))).collect();
        tasks.spawn(async move { pool::run(&pool, &connection, queues, view).await });
    }
    let context = Arc::clone(context);
    let connection = Arc::clone(connection);
    tasks.spawn(async move { presence::keep(&context, &connection, &view).await });
    super::join_tasks(tasks).await
}

/// One transaction serves all partitions of a lane that have requests, because a transaction costs
/// about as much as a hundred requests in it.
struct Reservations {
    context: Arc<Context>,
}

impl Pool for Reservations {
    type Batch = Batch<Request>;

    const WORKER_POOL: WorkerPool = WorkerPool::Reservations;
    const HANDLING: Handling = Handling::InOrder;

    fn context(&self) -> &Arc<Context> {
        &self.context
    }

    fn add(&self, batch: &mut Batch<Request>, queue: &str, delivery: &Delivery) {
        batch.add(queue, delivery);
    }

    fn is_full(&self, batch: &Batch<Request>) -> bool {
        batch.requests() >= self.context.settings.workers.batch_requests_max
    }

    async fn handle(self: Arc<Self>, batch: Batch<Request>) -> Result<(), Stopped> {
        let _in_hand = batch.meter(REQUESTS);
        let announcement = apply_batch(&self.context, batch).await?;
        failpoint::reach("reservations.committed").await;
        announcement.publish(&self.context, REQUESTS).await?;
        failpoint::reach("reservations.told").await;
        Ok(())
    }
}
