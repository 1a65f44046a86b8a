//! Many clients that wait at one front door: requests are queued while no worker runs, every client
//! holds a long poll open, then the workers start. Latency counts from the decision, by the
//! database's clock.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, Utc};
use process::clock;
use sqlx::Row;
use uuid::Uuid;

use super::audit;
use super::client::Client;
use super::kit::Kit;
use crate::load::{Arrivals, Crowd, Outcome, Recorder, Window, drive, together};
use crate::machine::Sampler;
use crate::report::{Aim, Check, Figure, Report, Run, progress};
use crate::stage::{Event, System, SystemOptions, Target};

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Clients that wait.
    pub clients: u64,
    /// Requests per second while they arrive.
    pub rate: f64,
    /// How long all wait before the workers start.
    pub wait: Duration,
}

/// The longest poll that the front door allows.
const POLL_SECONDS: u32 = 30;

type Answers = Rc<RefCell<Vec<(Uuid, Outcome, DateTime<Utc>)>>>;

pub async fn waiters(kit: &Kit, plan: Plan) -> Result<Report> {
    let clients = plan.clients.min(kit.options.connections_max as u64);
    let mut settings = kit.options.system.settings.clone();
    // Requests must not become too old before the workers start.
    settings.push(("api.patience_ms".to_owned(), "600000".to_owned()));
    let options = SystemOptions { settings, workers_later: true, ..kit.options.system.clone() };
    let mut system = System::start(&kit.ground, Target::Boxoffice, options).await?;
    let event = system.database.plant(kit.venue(clients)).await?;
    let sampler = Sampler::start(system.watched()?);
    let pool = kit.pool(&system);
    let crowd = Crowd::default();
    let client = Client::new(pool.clone(), event.id, kit.options.mode);
    let warmed = pool.warm(clients as usize).await;
    warmed.map_err(|failure| anyhow::anyhow!("cannot connect: {failure:?}"))?;
    let ids =
        submitted(&client, &crowd, event, Arrivals { rate: plan.rate, count: clients }).await?;
    progress(&format!("waiters: {} requests are queued", ids.len()), true);
    let began = Instant::now();
    let answers: Answers = Rc::default();
    together(ids.len() as u64, began, &crowd, |number, _| {
        follow(client.clone(), ids[number as usize].clone(), Rc::clone(&answers))
    })
    .await;
    tokio::time::sleep(plan.wait).await;
    let waiting = crowd.in_flight() as u64;
    progress(&format!("waiters: {waiting} wait; the workers come"), true);
    let opened = (Instant::now(), clock::now());
    system.start_workers().await?;
    let left = crowd.dispersed(kit.timeout()).await;
    ensure!(left == 0, "{left} clients were never answered");
    let closed = Instant::now();
    system.check()?;
    sampler.look_now();
    let recorder = recorded(&system, event, &answers.take(), opened, closed).await?;
    let memory = sampler.usage(began, closed).into_iter().find(|usage| usage.name == "api");
    let run = Run {
        name: format!("{clients} clients wait"),
        target: system.target,
        rate: None,
        requests: vec![recorder.summary()],
        usage: sampler.usage(opened.0, closed),
        sustained: None,
    };
    let mut figures = Vec::new();
    if let Some(p95_ms) = run.p95_ms() {
        figures.push(Figure::new("p95 after the decision", p95_ms, "ms").aim(Aim::AtMost(500.0)));
    }
    let memory_mib = memory.map_or(0.0, |usage| usage.memory_mib);
    figures.push(Figure::new("memory of the api", memory_mib, "MiB").aim(Aim::AtMost(1_024.0)));
    let each = 1_024.0 * memory_mib / clients.max(1) as f64;
    figures.push(Figure::new("memory for each client", each, "KiB"));
    let mut report = kit.report("waiters", vec![run], figures).await?;
    report.checks = vec![
        Check::equal("clients that waited when the workers came", waiting, clients),
        Check::equal("clients that received their tickets", recorder.all().won, clients),
        audit::answers(&system, &[event.id], recorder.all()).await?,
        audit::invariants(&system).await?,
    ];
    if clients < plan.clients {
        report.notes.push(format!(
            "{} clients were asked for, and {clients} came: this machine lets a process have no \
             more open files. With --http2 they share connections.",
            plan.clients
        ));
    }
    report.notes.push(format!("The clients had {} connections.", pool.opened()));
    report.checks.push(audit::stopped(system).await);
    Ok(report)
}

/// Queues a request for every client. Returns the ids.
async fn submitted(
    client: &Client,
    crowd: &Crowd,
    event: Event,
    arrivals: Arrivals,
) -> Result<Vec<String>> {
    let ids = Rc::new(RefCell::new(Vec::new()));
    let tickets = event.shuffled();
    drive(arrivals, Instant::now(), crowd, usize::MAX, |number, _| {
        let client = client.clone();
        let ids = Rc::clone(&ids);
        let ticket = tickets[number as usize];
        async move {
            let id = client.submit(number, &[ticket]).await.id;
            ids.borrow_mut().extend(id);
        }
    })
    .await;
    let left = crowd.dispersed(Duration::from_mins(1)).await;
    let ids = ids.take();
    let queued = ids.len() as u64;
    ensure!(left == 0 && queued == arrivals.count, "{queued} of {} were queued", arrivals.count);
    Ok(ids)
}

async fn follow(client: Client, id: String, answers: Answers) {
    let outcome = client.follow(&id, POLL_SECONDS).await;
    let at = clock::now();
    if let Ok(id) = id.parse() {
        answers.borrow_mut().push((id, outcome, at));
    }
}

/// Records the latencies from decision to answer.
async fn recorded(
    system: &System<'_>,
    event: Event,
    answers: &[(Uuid, Outcome, DateTime<Utc>)],
    opened: (Instant, DateTime<Utc>),
    closed: Instant,
) -> Result<Recorder> {
    let rows = sqlx::query("SELECT id, updated_at FROM reservations WHERE event_id = $1")
        .bind(event.id.0)
        .fetch_all(&system.database.pool)
        .await?;
    let mut decided = std::collections::HashMap::with_capacity(rows.len());
    for row in &rows {
        decided.insert(row.try_get::<Uuid, _>(0)?, row.try_get::<DateTime<Utc>, _>(1)?);
    }
    let start = opened.0;
    let length = closed - opened.0;
    let window = Window { start, warmup: Duration::ZERO, length };
    let recorder = Recorder::new("after the decision", window);
    for (id, outcome, at) in answers {
        let decided_at =
            decided.get(id).context("an answer for a reservation that is not there")?;
        let latency = (*at - *decided_at).to_std().unwrap_or_default();
        // Converts the database's time. The workers started at `opened`, and nothing was decided
        // before.
        let due = opened.0 + (*decided_at - opened.1).to_std().unwrap_or_default();
        recorder.record_at(*outcome, due, due + latency);
    }
    Ok(recorder)
}
