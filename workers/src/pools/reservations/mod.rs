//! The reservation pool: takes envelopes of requests from the partitions, decides each batch in one
//! transaction, tells the outcomes, and acks. Some lanes work side by side, so that one decides while
//! another waits for the database or the broker. The unacked envelope is the outbox.

mod apply;
mod batch;
mod lane;
mod partition;

use std::sync::Arc;

use broker::{Connection, LostConnection};
use tokio::task::JoinSet;

use crate::context::Context;
use crate::fleet::presence;

/// Consumes every partition until the process stops; each has one active consumer in the fleet.
pub(crate) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
) -> Result<(), LostConnection> {
    let view = Arc::new(presence::alone(context));
    let mut tasks = JoinSet::new();
    let lanes = context.settings.workers.lanes;
    for block in lane::blocks(context.topology.request_partitions(), lanes) {
        let (context, connection) = (Arc::clone(context), Arc::clone(connection));
        let view = view.subscribe();
        tasks.spawn(async move { lane::run(&context, &connection, block, view).await });
    }
    let (context, connection) = (Arc::clone(context), Arc::clone(connection));
    tasks.spawn(async move { presence::keep(&context, &connection, &view).await });
    while let Some(ended) = tasks.join_next().await {
        // The first loss ends them all: they hang on one connection.
        ended.map_err(|error| LostConnection(error.to_string()))??;
    }
    Ok(())
}
