//! The expiry pool. Prompts from the delay queues name holds that should be due; those that are due
//! by the database's clock are freed. Nothing polls the database, except the slow overdue sweep,
//! which finds holds whose prompts were lost.

mod audit;
mod free;
mod sweep;

use std::sync::Arc;

use booking::domain::WorkerPool;
use broker::topology::HOLDS_DUE;
use broker::{Connection, Delivery, LostConnection};
use process::failpoint;
use tokio::task::JoinSet;

use crate::context::Context;
use crate::pool::{self, Handling, Pool};
use crate::step::retry::Stopped;
use free::{DueBatch, free_due};

/// Consumes prompts, sweeps and audits until the process stops.
pub(crate) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
) -> Result<(), LostConnection> {
    let mut tasks = JoinSet::new();
    let pool = Arc::new(DueHoldsPool { context: Arc::clone(context) });
    let connection = Arc::clone(connection);
    let queues = vec![(0, HOLDS_DUE.to_owned())];
    tasks.spawn(async move { pool::run(&pool, &connection, queues, None).await });
    let state = Arc::clone(context);
    tasks.spawn(async move {
        sweep::run(&state).await;
        Ok(())
    });
    let state = Arc::clone(context);
    tasks.spawn(async move {
        audit::run(&state).await;
        Ok(())
    });
    super::join_tasks(tasks).await
}

struct DueHoldsPool {
    context: Arc<Context>,
}

impl Pool for DueHoldsPool {
    type Batch = DueBatch;

    const WORKER_POOL: WorkerPool = WorkerPool::Expiry;
    const HANDLING: Handling = Handling::InOrder;

    fn context(&self) -> &Arc<Context> {
        &self.context
    }

    fn add(&self, batch: &mut DueBatch, _queue: &str, delivery: &Delivery) {
        batch.add(delivery);
    }

    fn is_full(&self, batch: &DueBatch) -> bool {
        batch.holds() >= self.context.settings.workers.batch_requests_max
    }

    async fn handle(self: Arc<Self>, batch: DueBatch) -> Result<(), Stopped> {
        let _in_hand = batch.meter();
        let announcement = free_due(&self.context, batch).await?;
        failpoint::reach("expiry.committed").await;
        announcement.publish(&self.context, HOLDS_DUE).await?;
        failpoint::reach("expiry.told").await;
        Ok(())
    }
}
