//! The baseline: the same schema, the same HTTP stack and the same pool, without a queue. Each booking
//! is one transaction in its request; holds that are due are freed by a job that runs every second.
//!
//! It is written as well as this shape allows: few statements, all prepared, rows locked in order,
//! section counters kept so that reads are as cheap, and an index for the job.

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

/// What its handlers share.
#[derive(Debug)]
pub struct Baseline {
    pool: Pool,
    plans: SeatingPlanCache,
    mint: Mint,
}

/// Serves until `stop`. Settings are those of Boxoffice, as far as they have a meaning here.
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
