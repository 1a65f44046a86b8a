//! Runs pools until the process must stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use booking::domain::WorkerPool;
use broker::{Connection, LostConnection};
use process::backoff::Backoff;
use process::settings::Settings;
use process::shutdown;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin_port;
use crate::context::Context;
use crate::control;
use crate::pools::{expiry, payments, reservations};

/// If a connection lasted longer than this, the next one is opened without a longer backoff.
const STEADY: Duration = Duration::from_secs(5);

/// Runs these pools until `stop`, and then finishes the work in hand within `workers.drain_ms`.
pub(crate) async fn run(
    settings: Settings,
    roles: &[WorkerPool],
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let deadline = Duration::from_millis(settings.workers.drain_ms);
    let context = Arc::new(Context::new(settings, stop.clone())?);
    tokio::spawn(give_up_after(stop.clone(), deadline / 2, context.give_up.clone()));
    let consuming = Arc::new(AtomicUsize::new(0));
    let wanted = roles.len();
    let state = Arc::clone(&context);
    let count = Arc::clone(&consuming);
    let ready = move || is_ready(&state, count.load(Ordering::Relaxed) == wanted);
    admin_port::serve(&context, roles, ready).await?;
    let mut pools = JoinSet::new();
    for role in roles {
        pools.spawn(keep_consuming(Arc::clone(&context), *role, Arc::clone(&consuming)));
    }
    let work = async {
        while let Some(ended) = pools.join_next().await {
            ended?;
        }
        Ok(())
    };
    shutdown::drained(&stop, work, deadline).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Cancels `give_up` when so much of the time to finish is over.
async fn give_up_after(stop: CancellationToken, wait: Duration, give_up: CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(wait).await;
    give_up.cancel();
}

fn is_ready(context: &Context, all_consume: bool) -> bool {
    context.publisher.is_ready() && all_consume && !context.stop.is_cancelled()
}

/// Consumes until the process must stop. A lost connection ends what hangs on it and is opened
/// again; what was not acked comes again.
async fn keep_consuming(context: Arc<Context>, role: WorkerPool, consuming: Arc<AtomicUsize>) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    while !context.stop.is_cancelled() {
        let connection = tokio::select! {
            connected = context.connect(role.name()) => connected,
            () = context.stop.cancelled() => return,
        };
        let ended = match connection {
            Ok(connection) => {
                tracing::info!(pool = role.name(), "consuming");
                let since = Instant::now();
                consuming.fetch_add(1, Ordering::Relaxed);
                let ended = consume(&context, role, connection).await;
                consuming.fetch_sub(1, Ordering::Relaxed);
                if since.elapsed() > STEADY {
                    backoff.reset();
                }
                ended
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => return,
            Err(error) => tracing::warn!(pool = role.name(), %error, "not consuming"),
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next_delay()) => {}
            () = context.stop.cancelled() => return,
        }
    }
}

async fn consume(
    context: &Arc<Context>,
    role: WorkerPool,
    connection: Connection,
) -> Result<(), LostConnection> {
    let connection = Arc::new(connection);
    let orders = control::ControlFeed::open(context, &connection, role).await?;
    let work = async {
        match role {
            WorkerPool::Reservations => reservations::run(context, &connection).await,
            WorkerPool::Payments => payments::run(context, &connection).await,
            WorkerPool::Expiry => expiry::run(context, &connection).await,
        }
    };
    // Both use the same connection, so the first failure ends both.
    futures::try_join!(work, orders.keep())?;
    connection.close().await;
    Ok(())
}
