//! The expiry pool: consumes holds that the delay queues say are due, and frees those that the
//! database says are due. Nothing polls; an audit looks, now and then, for prompts that were lost.

mod audit;
mod free;
mod sweep;

use std::sync::Arc;

use broker::{Connection, LostConnection};
use tokio::task::JoinSet;

use crate::context::Context;

/// Consumes until the process stops.
pub(crate) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
) -> Result<(), LostConnection> {
    let mut tasks = JoinSet::new();
    let (state, connection) = (Arc::clone(context), Arc::clone(connection));
    tasks.spawn(async move { free::run(&state, &connection).await });
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
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| LostConnection(error.to_string()))??;
    }
    Ok(())
}
