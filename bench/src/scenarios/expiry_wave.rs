//! Many holds that become due in the same second, while other buyers book.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use process::clock;
use sqlx::Row;

use super::audit;
use super::client::{Client, Mode};
use super::kit::Kit;
use super::open_loop::distinct;
use super::watch::Watch;
use crate::load::{Arrivals, Crowd, Recorder, Window, drive, together};
use crate::machine::Sampler;
use crate::report::{Aim, Check, Figure, Report, Run};
use crate::stage::{Event, System, Target, Venue};

#[derive(Debug, Clone, Copy)]
pub struct Wave {
    /// Holds that become due together.
    pub holds: u64,
    /// Length of these holds.
    pub hold_seconds: i32,
    /// Bookings per second of the other buyers meanwhile.
    pub rate: f64,
}

/// How long it may take to free all these holds.
const OVER_MAX: Duration = Duration::from_mins(1);
/// How long before and after that moment the other buyers book.
const AROUND: Duration = Duration::from_secs(4);

struct Due {
    before: Instant,
    first: Instant,
    last: Instant,
    spread_s: f64,
}

pub async fn expiry_wave(kit: &Kit, wave: Wave) -> Result<Report> {
    let mut system = kit.system(Target::Boxoffice).await?;
    let venue = Venue { hold_seconds: wave.hold_seconds, ..kit.venue(wave.holds) };
    let held = system.database.plant(venue).await?;
    let longest = Duration::from_secs(wave.hold_seconds.unsigned_abs().into()) + 3 * AROUND;
    let others =
        system.database.plant(kit.venue((wave.rate * longest.as_secs_f64()) as u64)).await?;
    let holds = hold(kit, &system, held, wave.holds).await?;
    let due = due(&system, held).await?;
    let before = recorder("booking before", &due, -1.0);
    let during = recorder("booking during", &due, 0.0);
    let sampler = Sampler::start(system.watched()?);
    let crowd = Crowd::default();
    let start = due.before;
    tokio::time::sleep_until(start.into()).await;
    let watch = Watch::start("expiry-wave", &during, &crowd);
    let client = Client::new(kit.pool(&system), others.id, kit.options.mode);
    let wishes = distinct(others);
    let arrivals = Arrivals::lasting(wave.rate, due.last + AROUND - start);
    drive(arrivals, start, &crowd, usize::MAX, |number, at| {
        let client = client.clone();
        let tickets = wishes(number);
        let recorder = Rc::clone(if at < due.first { &before } else { &during });
        async move { recorder.record(client.book(number, &tickets).await.outcome, at) }
    })
    .await;
    let left = crowd.dispersed(kit.timeout()).await;
    ensure!(left == 0, "{left} requests never ended");
    drop(watch);
    until_free(&system, held).await?;
    system.check()?;
    sampler.look_now();
    let run = Run {
        name: format!("{} holds run out within {:.1} s", wave.holds, due.spread_s),
        target: system.target,
        rate: Some(wave.rate),
        requests: vec![during.summary(), before.summary(), holds.summary()],
        usage: sampler.usage(due.first, due.last + AROUND),
        sustained: None,
    };
    let figures = figures(&system, held, &run, &due).await?;
    let mut report = kit.report("expiry-wave", vec![run], figures).await?;
    let expired = system.database.reservations(&[held.id], &["expired"]).await?;
    let counts = [before.all(), during.all()];
    let mut answered = counts[0];
    answered.won += counts[1].won;
    answered.timed_out += counts[1].timed_out;
    answered.failed += counts[1].failed;
    answered.unavailable += counts[1].unavailable;
    report.checks = vec![
        Check::equal("holds that ran out", expired, holds.all().won),
        audit::answers(&system, &[others.id], answered).await?,
        audit::invariants(&system).await?,
    ];
    report.checks.push(audit::stopped(system).await);
    Ok(report)
}

/// Makes all the holds, as fast as the system allows.
async fn hold(kit: &Kit, system: &System<'_>, event: Event, holds: u64) -> Result<Rc<Recorder>> {
    let start = Instant::now();
    let window = Window { start, warmup: Duration::ZERO, length: OVER_MAX };
    let recorder = Rc::new(Recorder::new("making the holds", window));
    let client = Client::new(kit.pool(system), event.id, Mode::Wait { seconds: 30 });
    let crowd = Crowd::default();
    let tickets = event.shuffled();
    together(holds, start, &crowd, |number, due| {
        let client = client.clone();
        let recorder = Rc::clone(&recorder);
        let ticket = tickets[number as usize];
        async move { recorder.record(client.book(number, &[ticket]).await.outcome, due) }
    })
    .await;
    let left = crowd.dispersed(OVER_MAX).await;
    recorder.close(Instant::now());
    ensure!(left == 0 && recorder.all().won == holds, "holds: {:?}", recorder.all());
    Ok(recorder)
}

/// When the first and the last hold become due.
async fn due(system: &System<'_>, event: Event) -> Result<Due> {
    let row =
        sqlx::query("SELECT min(expires_at), max(expires_at) FROM tickets WHERE event_id = $1")
            .bind(event.id.0)
            .fetch_one(&system.database.pool)
            .await?;
    let now = (Instant::now(), clock::now());
    let at = |time: DateTime<Utc>| {
        let left = (time - now.1).to_std().context("the holds took too long to make");
        left.map(|left| now.0 + left)
    };
    let (first, last): (DateTime<Utc>, DateTime<Utc>) = (row.try_get(0)?, row.try_get(1)?);
    let spread_s = (last - first).as_seconds_f64();
    let before = at(first - TimeDelta::seconds(AROUND.as_secs() as i64))?;
    Ok(Due { before, first: at(first)?, last: at(last)?, spread_s })
}

/// A recorder for the time before the first hold is due (`from` below 0), or for the time after it.
fn recorder(name: &str, due: &Due, from: f64) -> Rc<Recorder> {
    let window = if from < 0.0 {
        Window { start: due.before, warmup: Duration::ZERO, length: AROUND }
    } else {
        Window { start: due.first, warmup: Duration::ZERO, length: due.last + AROUND - due.first }
    };
    Rc::new(Recorder::new(name, window))
}

async fn until_free(system: &System<'_>, event: Event) -> Result<()> {
    let deadline = Instant::now() + OVER_MAX;
    loop {
        let held = system.database.reservations(&[event.id], &["held"]).await?;
        if held == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{held} holds never ran out");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn figures(system: &System<'_>, event: Event, run: &Run, due: &Due) -> Result<Vec<Figure>> {
    let row = sqlx::query(
        "SELECT percentile_cont(ARRAY[0.5, 0.95, 1]) WITHIN GROUP (
             ORDER BY extract(epoch FROM updated_at - expires_at)::float8)
         FROM reservations WHERE event_id = $1 AND status = 'expired'",
    )
    .bind(event.id.0)
    .fetch_one(&system.database.pool)
    .await?;
    let late_s: Vec<f64> = row.try_get(0)?;
    let mut figures = vec![
        Figure::new("the last was free after being due", late_s[2], "s").aim(Aim::AtMost(2.0)),
        Figure::new("p95 of that", late_s[1], "s"),
        Figure::new("half of that", late_s[0], "s"),
        Figure::new("all were due within", due.spread_s, "s"),
    ];
    if let Some(p95_ms) = run.p95_ms() {
        figures.push(Figure::new("booking p95 meanwhile", p95_ms, "ms").aim(Aim::AtMost(500.0)));
    }
    Ok(figures)
}
