//! The three pools, one folder for each.

mod batch;

pub(crate) mod expiry;
pub(crate) mod payments;
pub(crate) mod reservations;

use broker::LostConnection;
use tokio::task::JoinSet;

/// Waits for the tasks of a pool. They share one connection, so the first loss ends all of them.
async fn join_tasks(mut tasks: JoinSet<Result<(), LostConnection>>) -> Result<(), LostConnection> {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| LostConnection(error.to_string()))??;
    }
    Ok(())
}
