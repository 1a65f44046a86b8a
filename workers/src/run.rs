//! Runs pools until the process is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::backoff::Backoff;
use common::broker::{Connection, LostConnection};
use common::settings::Settings;
use common::shutdown;
use common::topology::{HOLDS_DUE, Topology};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Context, admin, expiry, payments, reservations};

/// A worker pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Decides requests for tickets.
    Reservations,
    /// Has reservations paid.
    Payments,
    /// Frees holds that are due.
    Expiry,
}

impl Role {
    /// Every pool.
    pub(crate) const ALL: &'static [Self] = &[Self::Reservations, Self::Payments, Self::Expiry];

    /// Its name in logs and in the broker's list of connections.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reservations => "reservations",
            Self::Payments => "payments",
            Self::Expiry => "expiry",
        }
    }

    /// The queues that it consumes.
    pub(crate) fn queues(self, topology: &Topology) -> Vec<String> {
        match self {
            Self::Reservations => {
                (0..topology.request_partitions()).map(Topology::request_queue).collect()
            }
            Self::Payments => {
                (0..topology.payment_partitions()).map(Topology::payment_queue).collect()
            }
            Self::Expiry => vec![HOLDS_DUE.to_owned()],
        }
    }
}

/// Runs these pools until `stop` and finishes what is in hand, within the drain's deadline.
pub(crate) async fn run(
    settings: Settings,
    roles: &[Role],
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let deadline = Duration::from_millis(settings.workers.drain_ms);
    let context = Arc::new(Context::new(settings, stop.clone())?);
    let (signal, give_up) = (stop.clone(), context.give_up.clone());
    tokio::spawn(async move {
        signal.cancelled().await;
        tokio::time::sleep(deadline / 2).await;
        give_up.cancel();
    });
    let consuming = Arc::new(AtomicUsize::new(0));
    let wanted = roles.len();
    let (state, count) = (Arc::clone(&context), Arc::clone(&consuming));
    let ready = move || {
        state.publisher.is_ready()
            && count.load(Ordering::Relaxed) == wanted
            && !state.stop.is_cancelled()
    };
    admin::serve(&context, roles, ready).await?;
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

/// Consumes until the process must stop. A lost connection ends what hangs on it and is opened
/// again; what was not acked comes again.
async fn keep_consuming(context: Arc<Context>, role: Role, consuming: Arc<AtomicUsize>) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    while !context.stop.is_cancelled() {
        let connection = tokio::select! {
            connected = context.connect(role.name()) => connected,
            () = context.stop.cancelled() => return,
        };
        let ended = match connection {
            Ok(connection) => {
                tracing::info!(pool = role.name(), "consuming");
                backoff.reset();
                consuming.fetch_add(1, Ordering::Relaxed);
                let ended = consume(&context, role, connection).await;
                consuming.fetch_sub(1, Ordering::Relaxed);
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
    role: Role,
    connection: Connection,
) -> Result<(), LostConnection> {
    let connection = Arc::new(connection);
    match role {
        Role::Reservations => reservations::run(context, &connection).await?,
        Role::Payments => payments::run(context, &connection).await?,
        Role::Expiry => expiry::run(context, &connection).await?,
    }
    connection.close().await;
    Ok(())
}
