//! Readers and live streams of seats while other buyers book.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt, stream};

use super::audit;
use super::client::Client;
use super::kit::Kit;
use super::open_loop::{Step, distinct};
use super::watch::Watch;
use crate::http::{EventStream, Failure, Known, Pool, Versions, View};
use crate::load::{Arrivals, Crowd, Recorder, Window, drive};
use crate::machine::Sampler;
use crate::report::{Check, Figure, Report, Run};
use crate::stage::{Event, Target};

/// The load of readers.
#[derive(Debug, Clone, Copy)]
pub struct Lookers {
    /// Reads of the availability per second.
    pub reads: f64,
    /// Open streams.
    pub streams: usize,
}

/// How long after the last booking all streams must show the same versions.
const SAME_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What one stream has received.
#[derive(Debug)]
struct Seen {
    view: RefCell<View>,
    changes: Cell<u64>,
    resyncs: Cell<u64>,
    ended: Cell<bool>,
}

/// Runs readers, streams and bookings together.
pub async fn browse(kit: &Kit, lookers: Lookers, step: Step) -> Result<Report> {
    let mut system = kit.system(Target::Boxoffice).await?;
    let event = system.database.plant(kit.venue(step.requests())).await?;
    let pool = kit.pool(&system);
    let streams = lookers.streams.min(kit.options.connections_max / 2);
    let client = Client::new(Rc::clone(&pool), event.id, kit.options.mode);
    let before = client.versions().await.context("no availability to begin with")?;
    let seen = open(&pool, event, streams, &before).await?;
    let start = Instant::now();
    let window = Window { start, warmup: step.warmup, length: step.length };
    let booking = Rc::new(Recorder::new("booking", window));
    let reading = Rc::new(Recorder::new("availability", window));
    let crowd = Crowd::default();
    let wishes = distinct(event);
    let sampler = Sampler::start(system.watched()?);
    let watch = Watch::start("browse", &booking, &crowd);
    let length = step.warmup + step.length;
    let books =
        drive(Arrivals::lasting(step.rate, length), start, &crowd, usize::MAX, |number, due| {
            let client = client.clone();
            let recorder = Rc::clone(&booking);
            let tickets = wishes(number);
            async move { recorder.record(client.book(number, &tickets).await.outcome, due) }
        });
    let reads =
        drive(Arrivals::lasting(lookers.reads, length), start, &crowd, usize::MAX, |_, due| {
            let client = client.clone();
            let recorder = Rc::clone(&reading);
            async move { recorder.record(client.availability().await, due) }
        });
    futures::join!(books, reads);
    let left = crowd.dispersed(kit.timeout()).await;
    ensure!(left == 0, "{left} requests never ended");
    drop(watch);
    let differ = differing(&client, &seen).await?;
    system.check()?;
    sampler.look_now();
    let run = Run {
        name: format!("browse, {:.0} reads/s, {streams} streams", lookers.reads),
        target: system.target,
        rate: Some(step.rate),
        requests: vec![booking.summary(), reading.summary()],
        usage: sampler.usage(window.opens(), window.closes()),
        sustained: None,
    };
    let mut report = kit.report("browse", vec![run], figures(&seen, length)).await?;
    let blind = seen.iter().filter(|seen| seen.changes.get() == 0).count() as u64;
    let ended = seen.iter().filter(|seen| seen.ended.get()).count() as u64;
    report.checks = vec![
        Check::equal("streams that saw no change", blind, 0),
        Check::equal("streams that ended early", ended, 0),
        Check::equal("streams that skipped a step, or do not end as the availability", differ, 0),
        audit::answers(&system, &[event.id], booking.all()).await?,
        audit::invariants(&system).await?,
    ];
    report.checks.push(audit::stopped(system).await);
    Ok(report)
}

/// Opens the streams, and reads each of them in the background until this command ends.
async fn open(
    pool: &Rc<Pool>,
    event: Event,
    streams: usize,
    before: &Versions,
) -> Result<Vec<Rc<Seen>>> {
    let known = Rc::new(Known::default());
    let path = format!("/api/v1/events/{}/stream", event.id.0);
    let open = |_| async { EventStream::open(pool.open().await?, &path).await };
    let opened: Vec<Result<EventStream, Failure>> =
        stream::iter(0..streams).map(open).buffer_unordered(64).collect().await;
    let mut seen = Vec::with_capacity(streams);
    for one in opened {
        let one = one.map_err(|failure| anyhow::anyhow!("no stream: {failure:?}"))?;
        let view = RefCell::new(View::of(before));
        let changes = Cell::new(0);
        let resyncs = Cell::new(0);
        let ended = Cell::new(false);
        let note = Rc::new(Seen { view, changes, resyncs, ended });
        seen.push(Rc::clone(&note));
        tokio::task::spawn_local(read(one, note, Rc::clone(&known)));
    }
    Ok(seen)
}

async fn read(mut stream: EventStream, seen: Rc<Seen>, known: Rc<Known>) {
    while let Ok(Some(event)) = stream.next().await {
        match event.name.as_str() {
            "availability" => {
                seen.changes.set(seen.changes.get() + 1);
                seen.view.borrow_mut().take(&known, &event.data);
            }
            "resync" => seen.resyncs.set(seen.resyncs.get() + 1),
            _ => {}
        }
    }
    seen.ended.set(true);
}

/// How many streams do not show the current availability after the time allowed.
async fn differing(client: &Client, seen: &[Rc<Seen>]) -> Result<u64> {
    let deadline = Instant::now() + SAME_WITHIN;
    loop {
        let end = client.versions().await.context("no availability in the end")?;
        let differ = seen.iter().filter(|seen| !seen.view.borrow().is(&end)).count();
        if differ == 0 || Instant::now() > deadline {
            return Ok(differ as u64);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn figures(seen: &[Rc<Seen>], length: Duration) -> Vec<Figure> {
    let changes: u64 = seen.iter().map(|seen| seen.changes.get()).sum();
    let resyncs: u64 = seen.iter().map(|seen| seen.resyncs.get()).sum();
    vec![
        Figure::new("events on all streams", changes as f64 / length.as_secs_f64(), "/s"),
        Figure::new("resyncs", resyncs as f64, "times"),
    ]
}
