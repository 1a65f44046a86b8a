//! The baseline: the same schema, the same HTTP stack and the same connection pool, without a
//! queue. Each booking is one transaction within its HTTP request. A job frees overdue holds every
//! second.
//!
//! It is as fast as this design allows: few statements, all prepared; rows locked in order; section
//! counters, so that reads are as cheap as in Boxoffice; and an index for the job.

mod book;
mod expire;
mod routes;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use booking::ids::Mint;
use process::settings::Settings;
use process::shutdown;
use store::seating_plans::SeatingPlanCache;
use store::{Pool, pool};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

/// What the handlers share.
#[derive(Debug)]
pub struct Baseline {
    pool: Pool,
    plans: SeatingPlanCache,
    mint: Mint,
}

/// Serves until `stop` is cancelled. Uses the settings of Boxoffice that have a meaning here.
pub async fn serve(settings: Settings, stop: CancellationToken) -> Result<()> {
    let pool = pool::open(&settings.database, "baseline")?;
    expire::prepare(&pool).await.context("cannot prepare the database")?;
    let mint = Mint::new(settings.secret.expose());
    let baseline = Baseline { pool: pool.clone(), plans: SeatingPlanCache::default(), mint };
    let listener = listen(settings.api.listen)?;
    let public = listener.local_addr()?;
    tracing::info!(%public, "listening");
    tokio::spawn(stop.clone().run_until_cancelled_owned(expire::every_second(pool)));
    let router = routes::router(baseline);
    let drain = Duration::from_millis(settings.api.drain_ms);
    let served = async {
        let options = api::serve::Options::of(&settings.api);
        api::serve::serve(listener, router, options, stop.clone()).await;
        Ok(())
    };
    shutdown::drained(&stop, served, drain).await
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address).with_context(|| format!("cannot listen on {address}"))?;
    Ok(socket.listen(4_096)?)
}
