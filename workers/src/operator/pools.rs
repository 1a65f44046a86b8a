//! Pauses and resumes pools. An order is stored in the database first, so that workers that start
//! later know it, and is then published to the running ones.

use std::fmt::Write;
use std::time::Duration;

use anyhow::Context;
use booking::domain::WorkerPool;
use booking::messages::{PoolOrder, Report};
use broker::operators::depth;
use broker::topology::Topology;
use process::settings::Settings;
use store::{pool, pool_orders};
use tokio::time::Instant;

use super::exit::Exit;
use super::print::{json, line};
use super::workers::Workers;

const ASK_AGAIN: Duration = Duration::from_millis(250);

/// What to do with pools.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what was ordered.
    List {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take nothing more from the queues of a pool; what is in hand is finished. Workers that
    /// start later stay paused, too.
    Pause(Order),
    /// Go on.
    Resume(Order),
    /// Pause, and wait until the pool's workers have finished everything in hand.
    Drain {
        #[command(flatten)]
        order: Order,
        /// How long to wait. The pool stays paused when that was not enough.
        #[arg(long, default_value_t = 60)]
        timeout_seconds: u64,
    },
}

/// An order to a pool.
#[derive(Debug, clap::Args)]
pub(crate) struct Order {
    /// reservations, payments, expiry, or all.
    #[arg(value_parser = pools)]
    pool: Pools,
    /// The reason, shown to other operators.
    #[arg(long, default_value = "")]
    reason: String,
    /// Who gives the order.
    #[arg(long, env = "USER", default_value = "")]
    by: String,
}

#[derive(Debug, Clone)]
struct Pools(Vec<WorkerPool>);

fn pools(name: &str) -> Result<Pools, String> {
    if name == "all" { Ok(Pools(WorkerPool::ALL.to_vec())) } else { Ok(Pools(vec![name.parse()?])) }
}

pub(crate) async fn run(settings: &Settings, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::List { json } => list(settings, json).await,
        Command::Pause(order) => give(settings, &order, true).await.map(|_| Exit::Done),
        Command::Resume(order) => give(settings, &order, false).await.map(|_| Exit::Done),
        Command::Drain { order, timeout_seconds } => {
            let deadline = Instant::now() + Duration::from_secs(timeout_seconds);
            let mut fleet = give(settings, &order, true).await?;
            drained(settings, &mut fleet, &order.pool.0, deadline).await
        }
    }
}

async fn list(settings: &Settings, as_json: bool) -> anyhow::Result<Exit> {
    let pool = pool::open(&settings.database, "pools")?;
    let orders = pool_orders::all(&mut *pool.acquire().await?).await?;
    if as_json {
        json(&orders);
        return Ok(Exit::Done);
    }
    for pool in WorkerPool::ALL {
        match orders.iter().find(|order| order.pool == *pool) {
            Some(order) => line(&describe(order)),
            None => line(&format!("{pool}: works")),
        }
    }
    Ok(Exit::Done)
}

pub(super) fn describe(order: &PoolOrder) -> String {
    let PoolOrder { pool, paused, reason, changed_by, changed_at, .. } = order;
    let state = if *paused { "PAUSED" } else { "works" };
    let mut words = format!("{pool}: {state}, since {}", changed_at.format("%Y-%m-%d %H:%M:%SZ"));
    if !changed_by.is_empty() {
        let _ = write!(words, ", by {changed_by}");
    }
    if !reason.is_empty() {
        let _ = write!(words, ": {reason}");
    }
    words
}

async fn give(settings: &Settings, order: &Order, paused: bool) -> anyhow::Result<Workers> {
    let pool = pool::open(&settings.database, "pools")?;
    let mut connection = pool.acquire().await.context("nothing is changed")?;
    let mut given = Vec::new();
    for pool in &order.pool.0 {
        let Order { reason, by, .. } = order;
        let order = pool_orders::give(&mut connection, *pool, paused, reason, by).await?;
        line(&describe(&order));
        given.push(order);
    }
    let tell = async {
        let fleet = Workers::open(settings).await?;
        for order in given {
            fleet.order(order).await?;
        }
        anyhow::Ok(fleet)
    };
    tell.await.context("the order is stored; workers hear of it when they reach the broker again")
}

/// Waits until these pools consume no queue and have nothing in hand.
async fn drained(
    settings: &Settings,
    fleet: &mut Workers,
    pools: &[WorkerPool],
    deadline: Instant,
) -> anyhow::Result<Exit> {
    let topology = Topology::new(&settings.topology);
    loop {
        let reports = fleet.reports().await?;
        let mut busy: Vec<String> = reports
            .iter()
            .filter(|report| pools.contains(&report.pool))
            .flat_map(still_busy)
            .collect();
        // A worker that did not answer in time still shows as a consumer of its queue.
        for queue in pools.iter().flat_map(|pool| topology.queues_of(*pool)) {
            let depth = depth(&fleet.connection, &queue).await?;
            if depth.is_some_and(|depth| depth.consumers > 0) {
                busy.push(format!("{queue} still has a consumer"));
            }
        }
        if busy.is_empty() {
            line("drained: nothing is in hand");
            return Ok(Exit::Done);
        }
        if Instant::now() >= deadline {
            busy.push("not drained in time; the pool stays paused".to_owned());
            line(&busy.join("\n"));
            return Ok(Exit::TimedOut);
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

fn still_busy(report: &Report) -> Vec<String> {
    let worker = &report.worker;
    let busy = report.queues.iter().filter(|queue| queue.working);
    busy.map(|queue| match queue.age_ms {
        Some(age) => format!(
            "{}: worker {worker} has {} requests in hand, the oldest for {:.1} s",
            queue.queue,
            queue.in_hand,
            age as f64 / 1_000.0
        ),
        None => format!("{}: worker {worker} consumes", queue.queue),
    })
    .collect()
}
