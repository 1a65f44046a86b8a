//! A small event goes on sale: far more buyers than seats, all at once. A buyer that gets a 503
//! tries again when its header says so. A buyer that holds tickets pays.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::audit;
use super::client::Client;
use super::kit::Kit;
use super::watch::Watch;
use crate::load::{Crowd, Outcome, Recorder, Window, together};
use crate::machine::Sampler;
use crate::report::{Aim, Check, Figure, Report, Run};
use crate::stage::{Event, Target, Venue};

#[derive(Debug, Clone, Copy)]
pub struct Sale {
    pub buyers: u64,
    pub seats: u64,
    /// Time within which the sale must end.
    pub limit: Duration,
    /// Whether to repeat it without refusals at the edge, to measure what they save.
    pub also_without_edge: bool,
}

/// The factor by which refusals at the edge should make a sale faster.
const EDGE_WORTH: f64 = 5.0;

/// How often a buyer tries again.
const TRIES_MAX: u32 = 20;
/// Time over which retries of buyers are spread, so that they are not one burst again.
const SPREAD: Duration = Duration::from_secs(1);

struct Hall {
    client: Client,
    booking: Rc<Recorder>,
    payment: Recorder,
    came_again: Cell<u64>,
    last_answer: Cell<Instant>,
}

pub async fn on_sale(kit: &Kit, sale: Sale) -> Result<Report> {
    let (mut report, rate) = play(kit, sale, true).await?;
    if sale.also_without_edge {
        let (other, other_rate) = play(kit, sale, false).await?;
        report.runs.extend(other.runs);
        report.checks.extend(other.checks);
        report.notes.extend(other.notes);
        report.figures.push(Figure::new(
            "answered, without refusals at the edge",
            other_rate,
            "/s",
        ));
        let worth = Figure::new("what refusals at the edge are worth", rate / other_rate, "times");
        report.figures.push(worth.aim(Aim::AtLeast(EDGE_WORTH)));
    }
    Ok(report)
}

/// One sale. Returns the run and the number of buyers answered per second.
async fn play(kit: &Kit, sale: Sale, has_edge: bool) -> Result<(Report, f64)> {
    let edge = [("api.edge_refusal", if has_edge { "true" } else { "false" })];
    let mut system = kit.system_with(Target::Boxoffice, &edge).await?;
    let sections = sale.seats.div_ceil(50).min(kit.options.sections);
    let event = system.database.plant(Venue { sections, ..kit.venue(sale.seats) }).await?;
    let pool = kit.pool(&system);
    let connections = kit.options.connections_max.min(sale.buyers as usize);
    let warmed = pool.warm(connections).await;
    warmed.map_err(|failure| anyhow::anyhow!("cannot connect: {failure:?}"))?;
    let sampler = Sampler::start(system.watched()?);
    let start = Instant::now();
    let window = Window { start, warmup: Duration::ZERO, length: sale.limit };
    let hall = Rc::new(Hall {
        client: Client::new(pool, event.id, kit.options.mode),
        booking: Rc::new(Recorder::new("booking", window)),
        payment: Recorder::new("payment", window),
        came_again: Cell::new(0),
        last_answer: Cell::new(start),
    });
    let crowd = Crowd::default();
    let watch = Watch::start("on-sale", &hall.booking, &crowd);
    let order = event.shuffled();
    together(sale.buyers, start, &crowd, |number, due| {
        let ticket = order[number as usize % order.len()];
        buyer(Rc::clone(&hall), number, ticket, due)
    })
    .await;
    let left = crowd.dispersed(sale.limit).await;
    ensure!(left == 0, "{left} buyers were still there after {:?}", sale.limit);
    drop(watch);
    system.check()?;
    sampler.look_now();
    let over = hall.last_answer.get();
    for recorder in [&*hall.booking, &hall.payment] {
        recorder.close(over);
    }
    let how = if has_edge { "" } else { ", no refusals at the edge" };
    let run = Run {
        name: format!("on-sale, {} buyers for {} seats{how}", sale.buyers, event.tickets),
        target: system.target,
        rate: None,
        requests: vec![hall.booking.summary(), hall.payment.summary()],
        usage: sampler.usage(start, over),
        sustained: None,
    };
    let rate = hall.booking.summary().counts.decided() as f64 / (over - start).as_secs_f64();
    let mut report = kit.report("on-sale", vec![run], figures(&hall, over - start)).await?;
    report.checks = vec![
        sold_out(&system, event, sale.buyers).await?,
        audit::answers(&system, &[event.id], hall.booking.all()).await?,
        audit::invariants(&system).await?,
    ];
    if connections < sale.buyers as usize {
        report.notes.push(format!(
            "The {} buyers shared {connections} connections: this machine lets a process have no \
             more open files.",
            sale.buyers
        ));
    }
    report.checks.push(audit::stopped(system).await);
    Ok((report, rate))
}

async fn buyer(hall: Rc<Hall>, number: u64, ticket: i32, due: Instant) {
    for again in 0..TRIES_MAX {
        let booked = hall.client.book(number, &[ticket]).await;
        hall.last_answer.set(Instant::now());
        match (booked.outcome, booked.retry_after_seconds) {
            (Outcome::Unavailable, Some(seconds)) if again + 1 < TRIES_MAX => {
                hall.came_again.set(hall.came_again.get() + 1);
                let share = f64::from((number % 1_000) as u32) / 1_000.0;
                let later = Duration::from_secs(u64::from(seconds)) + SPREAD.mul_f64(share);
                tokio::time::sleep(later).await;
            }
            (outcome, _) => {
                hall.booking.record(outcome, due);
                if let (Outcome::Won, Some(id)) = (outcome, booked.id) {
                    let asked = Instant::now();
                    hall.payment.record(hall.client.pay(&id).await, asked);
                }
                return;
            }
        }
    }
}

fn figures(hall: &Hall, length: Duration) -> Vec<Figure> {
    let booking = hall.booking.summary();
    let seconds = length.as_secs_f64().max(f64::EPSILON);
    let mut figures = vec![
        Figure::new("buyers answered", booking.counts.decided() as f64 / seconds, "/s"),
        Figure::new("all answered after", seconds, "s"),
        Figure::new("came again", hall.came_again.get() as f64, "times"),
    ];
    for (name, latency) in [("p95 of wins", booking.won), ("p95 of refusals", booking.refused)] {
        figures.extend(latency.map(|latency| Figure::new(name, latency.p95_ms, "ms")));
    }
    figures
}

/// Checks that exactly all seats are sold, if there are enough buyers.
async fn sold_out(system: &crate::stage::System<'_>, event: Event, buyers: u64) -> Result<Check> {
    let sold: i64 =
        sqlx::query_scalar("SELECT count(*) FROM tickets WHERE event_id = $1 AND state = 'sold'")
            .bind(event.id.0)
            .fetch_one(&system.database.pool)
            .await?;
    let expected = buyers.min(event.tickets.unsigned_abs().into());
    Ok(Check::equal("tickets sold", sold.unsigned_abs(), expected))
}
