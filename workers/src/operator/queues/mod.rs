//! The queues on one screen: what waits, what is in hand and how old it is, which worker has it,
//! and what an operator should look at.

mod screen;

use std::io::IsTerminal;
use std::time::Duration;

use booking::domain::WorkerPool;
use booking::messages::{PoolOrder, QueueReport, Report};
use broker::Depth;
use broker::operators::depth;
use broker::topology::{DEAD_LETTERS, HOLDS, Topology};
use process::clock;
use process::settings::Settings;
use store::{Pool, pool, pool_orders};
use tokio::time::Instant;

use super::exit::Exit;
use super::print::{json, line};
use super::workers::Workers;
use screen::{PoolView, QueueView, Screen};

/// How long the database may take. The command also works without it.
const DATABASE: Duration = Duration::from_secs(1);
/// ANSI: clear the screen, and move the cursor to its start.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// How to show them.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Show them again and again, until Ctrl-C.
    #[arg(long)]
    watch: bool,
    /// How often, with --watch.
    #[arg(long, default_value_t = 2)]
    every_seconds: u64,
    /// Print a line of JSON, each time.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Exit> {
    let pool = pool::open(&settings.database, "queues")?;
    let mut before = None;
    loop {
        let looked = look(settings, &pool).await;
        if !arguments.watch {
            show(&looked?, None, arguments);
            return Ok(Exit::Done);
        }
        match looked {
            Ok(screen) => {
                let now = Instant::now();
                let rates = before.as_ref().map(|(then, old)| screen.rates(old, now - *then));
                show(&screen, rates.as_deref(), arguments);
                before = Some((now, screen));
            }
            Err(error) => line(&format!("{error:#}; see workers doctor")),
        }
        tokio::time::sleep(Duration::from_secs(arguments.every_seconds.max(1))).await;
    }
}

fn show(screen: &Screen, rates: Option<&[f64]>, arguments: &Arguments) {
    if arguments.json {
        return json(screen);
    }
    let clear = if arguments.watch && std::io::stdout().is_terminal() { CLEAR } else { "" };
    line(&format!("{clear}{}", screen.text(rates)));
}

async fn look(settings: &Settings, pool: &Pool) -> anyhow::Result<Screen> {
    let topology = Topology::new(&settings.topology);
    let mut fleet = Workers::open(settings).await?;
    let (reports, orders) = tokio::join!(fleet.reports(), orders(pool));
    let reports = reports?;
    let mut queues = Vec::new();
    for pool in WorkerPool::ALL {
        for queue in topology.queues_of(*pool) {
            let depth = depth(&fleet.connection, &queue).await?;
            queues.push(view(*pool, queue, depth.as_ref(), &reports));
        }
    }
    let delayed = format!("{HOLDS}.delay.");
    let mut delayed_messages = 0;
    for queue in topology.queues().iter().filter(|queue| queue.name.starts_with(&delayed)) {
        delayed_messages += depth(&fleet.connection, &queue.name).await?.map_or(0, |d| d.messages);
    }
    let dead_letters = depth(&fleet.connection, DEAD_LETTERS).await?.map_or(0, |d| d.messages);
    fleet.connection.close().await;
    let pools = WorkerPool::ALL.iter().map(|pool| pool_view(*pool, &reports, orders.as_deref()));
    let at = clock::now();
    Ok(Screen::new(at, pools.collect(), queues, delayed_messages, dead_letters))
}

/// The stored orders; none if the database does not answer.
async fn orders(pool: &Pool) -> Option<Vec<PoolOrder>> {
    let read = async { pool_orders::all(&mut *pool.acquire().await?).await };
    tokio::time::timeout(DATABASE, read).await.ok()?.ok()
}

fn pool_view(pool: WorkerPool, reports: &[Report], orders: Option<&[PoolOrder]>) -> PoolView {
    let ours = || reports.iter().filter(|report| report.pool == pool);
    let order = orders.and_then(|orders| orders.iter().find(|order| order.pool == pool)).cloned();
    let paused = order.as_ref().map_or_else(|| ours().any(|r| r.paused), |order| order.paused);
    PoolView { pool, workers: ours().count(), paused, order }
}

fn view(pool: WorkerPool, queue: String, depth: Option<&Depth>, reports: &[Report]) -> QueueView {
    let all: Vec<(&str, &QueueReport)> = reports
        .iter()
        .flat_map(|report| report.queues.iter().map(|queue| (report.worker.as_str(), queue)))
        .filter(|(_, one)| one.queue == queue)
        .collect();
    // The worker with requests in hand, otherwise the one that finished a request last.
    let key = |one: &QueueReport| (one.in_hand == 0, one.idle_ms.unwrap_or(i64::MAX));
    let active = all.iter().filter(|(_, one)| one.in_hand > 0 || one.idle_ms.is_some());
    let worker = active.min_by_key(|(_, one)| key(one)).map(|(worker, _)| (*worker).to_owned());
    QueueView {
        pool,
        queue,
        is_missing: depth.is_none(),
        ready: depth.map_or(0, |depth| depth.messages),
        consumers: depth.map_or(0, |depth| depth.consumers),
        in_hand: all.iter().map(|(_, one)| one.in_hand).sum(),
        age_ms: all.iter().filter_map(|(_, one)| one.age_ms).max(),
        handled: all.iter().map(|(_, one)| one.handled).sum(),
        worker,
    }
}
