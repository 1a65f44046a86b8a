//! Bookings at a constant rate, whether or not the system keeps up.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use booking::ids::EventId;

use super::audit;
use super::client::Client;
use super::kit::Kit;
use super::watch::Watch;
use crate::load::{Arrivals, Crowd, Recorder, Window, drive, sustained};
use crate::machine::Sampler;
use crate::report::{Check, Run};
use crate::stage::{Event, System};

/// A rate and its duration.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Requests per second.
    pub rate: f64,
    /// The time before the measurement.
    pub warmup: Duration,
    /// The time that is measured.
    pub length: Duration,
    /// Whether to stop early if the rate is not sustained.
    pub judged: bool,
}

/// The tickets that a request asks for, by the number of the request.
pub type Wishes = Rc<dyn Fn(u64) -> Vec<i32>>;

/// Connections are opened in advance for decisions that take this long; opening them would be part
/// of the load.
const WARMED: Duration = Duration::from_millis(250);
/// Time between the decision to start and the first request.
const HEAD_START: Duration = Duration::from_millis(20);

impl Step {
    /// How many requests the step sends.
    pub fn requests(&self) -> u64 {
        Arrivals::lasting(self.rate, self.warmup + self.length).count
    }

    /// The number of requests in flight at which a judged step stops: two seconds' requests.
    fn in_flight_max(&self) -> usize {
        if self.judged { (2.0 * self.rate) as usize + 500 } else { usize::MAX }
    }
}

/// One ticket for each request, all different, in an order like buyers' choices.
pub fn distinct(event: Event) -> Wishes {
    let tickets = event.shuffled();
    Rc::new(move |number| vec![tickets[number as usize % tickets.len()]])
}

/// Runs a step on one event. Also checks the answers to buyers.
pub async fn play(
    kit: &Kit,
    system: &mut System<'_>,
    event: Event,
    wishes: Wishes,
    name: &str,
    step: Step,
) -> Result<(Run, Check)> {
    play_events(kit, system, Rc::new(vec![(event, wishes)]), name, step).await
}

/// Runs a step on several events in turns.
pub async fn play_events(
    kit: &Kit,
    system: &mut System<'_>,
    events: Rc<Vec<(Event, Wishes)>>,
    name: &str,
    step: Step,
) -> Result<(Run, Check)> {
    let pool = kit.pool(system);
    let ahead = (step.rate * WARMED.as_secs_f64()) as usize;
    let warmed = pool.warm(ahead.clamp(16, 5_000).min(kit.options.connections_max)).await;
    warmed.map_err(|failure| anyhow::anyhow!("cannot connect: {failure:?}"))?;
    let first = events.first().map_or(EventId(1), |(event, _)| event.id);
    let client = Client::new(pool, first, kit.options.mode);
    let start = Instant::now() + HEAD_START;
    let window = Window { start, warmup: step.warmup, length: step.length };
    let recorder = Rc::new(Recorder::new("booking", window));
    let crowd = Crowd::default();
    let sampler = Sampler::start(system.watched()?);
    let watch = Watch::start(
        &format!("{} {name} at {:.0}/s", system.target.name(), step.rate),
        &recorder,
        &crowd,
    );
    let arrivals = Arrivals::lasting(step.rate, step.warmup + step.length);
    let overran = drive(arrivals, start, &crowd, step.in_flight_max(), |number, due| {
        let turns = events.len() as u64;
        let (event, wishes) = &events[(number % turns) as usize];
        let client = client.at(event.id);
        let recorder = Rc::clone(&recorder);
        let tickets = wishes(number / turns);
        async move {
            let booked = client.book(number, &tickets).await;
            recorder.record(booked.outcome, due);
        }
    })
    .await;
    let left = crowd.dispersed(kit.timeout() + Duration::from_secs(5)).await;
    anyhow::ensure!(left == 0, "{left} requests never ended");
    system.check()?;
    sampler.look_now();
    let summary = recorder.summary();
    let verdict = step.judged.then(|| sustained(&summary, step.rate, &watch.in_flight(), overran));
    let run = Run {
        name: name.to_owned(),
        target: system.target,
        rate: Some(step.rate),
        usage: sampler.usage(window.opens(), window.closes()),
        requests: vec![summary],
        sustained: verdict,
    };
    let ids: Vec<EventId> = events.iter().map(|(event, _)| event.id).collect();
    let answered = audit::answers(system, &ids, recorder.all()).await?;
    Ok((run, answered))
}
