//! Whole purchases at a constant rate: reserve, pay, fetch the tickets.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::audit;
use super::client::Client;
use super::kit::Kit;
use super::open_loop::{Step, distinct};
use super::watch::Watch;
use crate::load::{Arrivals, Crowd, Outcome, Recorder, Window, drive};
use crate::machine::Sampler;
use crate::report::{Check, Figure, Report, Run};
use crate::stage::Target;

struct Till {
    client: Client,
    whole: Rc<Recorder>,
    booking: Recorder,
    payment: Recorder,
    tickets: Recorder,
}

pub async fn checkout(kit: &Kit, step: Step) -> Result<Report> {
    let mut system = kit.system(Target::Boxoffice).await?;
    let event = system.database.plant(kit.venue(step.requests())).await?;
    let start = Instant::now();
    let window = Window { start, warmup: step.warmup, length: step.length };
    let till = Rc::new(Till {
        client: Client::new(kit.pool(&system), event.id, kit.options.mode),
        whole: Rc::new(Recorder::new("purchase", window)),
        booking: Recorder::new("booking", window),
        payment: Recorder::new("payment", window),
        tickets: Recorder::new("tickets", window),
    });
    let crowd = Crowd::default();
    let sampler = Sampler::start(system.watched()?);
    let watch = Watch::start("checkout", &till.whole, &crowd);
    let arrivals = Arrivals::lasting(step.rate, step.warmup + step.length);
    let wishes = distinct(event);
    drive(arrivals, start, &crowd, usize::MAX, |number, due| {
        purchase(Rc::clone(&till), number, wishes(number), due)
    })
    .await;
    let left = crowd.dispersed(3 * kit.timeout() + Duration::from_secs(30)).await;
    ensure!(left == 0, "{left} purchases never ended");
    drop(watch);
    system.check()?;
    sampler.look_now();
    let recorders = [&*till.whole, &till.booking, &till.payment, &till.tickets];
    let run = Run {
        name: "checkout".to_owned(),
        target: system.target,
        rate: Some(step.rate),
        requests: recorders.map(Recorder::summary).to_vec(),
        usage: sampler.usage(window.opens(), window.closes()),
        sustained: None,
    };
    let figures = run.p95_ms().map(|p95_ms| Figure::new("p95 of whole purchases", p95_ms, "ms"));
    let mut report = kit.report("checkout", vec![run], figures.into_iter().collect()).await?;
    let paid = till.payment.all();
    let confirmed = system.database.reservations(&[event.id], &["confirmed"]).await?;
    let most = paid.won + paid.timed_out + paid.failed + paid.unavailable;
    report.checks = vec![
        Check::within(
            "purchases confirmed, as their buyers were answered",
            confirmed,
            paid.won,
            most,
        ),
        audit::answers(&system, &[event.id], till.booking.all()).await?,
        audit::invariants(&system).await?,
    ];
    report.checks.push(audit::stopped(system).await);
    Ok(report)
}

/// One purchase. Each step is due when the one before is done. The latency of the whole counts from
/// its arrival.
async fn purchase(till: Rc<Till>, number: u64, tickets: Vec<i32>, due: Instant) {
    let booked = till.client.book(number, &tickets).await;
    till.booking.record(booked.outcome, due);
    let (Outcome::Won, Some(id)) = (booked.outcome, booked.id) else {
        return till.whole.record(booked.outcome, due);
    };
    let asked = Instant::now();
    let paid = till.client.pay(&id).await;
    till.payment.record(paid, asked);
    if paid != Outcome::Won {
        return till.whole.record(paid, due);
    }
    let asked = Instant::now();
    let fetched = till.client.tickets(&id).await;
    till.tickets.record(fetched, asked);
    till.whole.record(fetched, due);
}
