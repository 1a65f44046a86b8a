//! Shutdown: the first signal asks every task to finish its work in hand. The second signal, or the
//! drain's deadline, ends the process at once.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first SIGTERM or SIGINT. A second one exits at once with 130.
pub fn on_signal() -> anyhow::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let signalled = token.clone();
    tokio::spawn(async move {
        for again in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if again {
                std::process::exit(130);
            }
            tracing::info!("stopping");
            signalled.cancel();
        }
    });
    Ok(token)
}

/// Runs the work to its end. After the token is cancelled, it waits no longer than the deadline. An
/// error says that work was cut off; what was not acked is redelivered to another worker.
pub async fn drained(
    token: &CancellationToken,
    work: impl Future<Output = anyhow::Result<()>>,
    deadline: Duration,
) -> anyhow::Result<()> {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = token.cancelled() => {}
    }
    match tokio::time::timeout(deadline, work).await {
        Ok(done) => done,
        Err(_) => anyhow::bail!("the work in hand was not finished within {deadline:?}"),
    }
}
