//! The wait between attempts, and its end when the process gives up.

use process::backoff::Backoff;

use crate::context::Context;

/// The process is stopping and the step was not taken. Nothing was acked, so the message is
/// redelivered to another worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Waits before the next attempt. An error if the process is stopping and half of its time for the
/// drain is over.
pub(crate) async fn wait_to_retry(
    context: &Context,
    queue: &str,
    failure: &(dyn std::error::Error + Sync),
    backoff: &mut Backoff,
) -> Result<(), Stopped> {
    let cause = failure.source().map(ToString::to_string);
    tracing::warn!(queue, %failure, cause, "trying again");
    tokio::select! {
        () = tokio::time::sleep(backoff.next_delay()) => Ok(()),
        () = context.give_up.cancelled() => Err(Stopped),
    }
}
