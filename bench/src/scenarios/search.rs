//! Searches for the highest rate of distinct bookings that is sustained.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::kit::Kit;
use super::open_loop::{Step, distinct, play};
use crate::load::Search;
use crate::report::{Check, Run, say};
use crate::stage::{System, Venue};

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The first rate.
    pub start: f64,
    /// The highest rate that is tried.
    pub max: f64,
    /// The warm-up of each step.
    pub warmup: Duration,
    /// The measured time of each step.
    pub length: Duration,
}

#[derive(Debug)]
pub struct Found {
    /// The run at the highest rate that was sustained for twice the length of a step.
    pub sustained: Run,
    /// The run at half of that rate.
    pub half: Run,
    /// Checks of the answers to buyers.
    pub checks: Vec<Check>,
}

/// The factor by which the rate is reduced if it is not sustained for longer.
const BACK: f64 = 0.95;
/// How often it is reduced before the search gives up.
const BACKS_MAX: usize = 8;

impl Plan {
    fn step(&self, rate: f64, times: u32) -> Step {
        Step { rate, warmup: self.warmup, length: self.length * times, judged: true }
    }
}

/// Searches with a new event of this shape for each step.
pub async fn search(
    kit: &Kit,
    system: &mut System<'_>,
    venue: impl Fn(u64) -> Venue,
    plan: Plan,
) -> Result<Found> {
    let mut search = Search::new(plan.start, plan.max);
    let mut checks = Vec::new();
    while let Some(rate) = search.next_rate() {
        let run = step(kit, system, &venue, plan.step(rate, 1), "step", &mut checks).await?;
        search.note(rate, is_sustained(&run));
    }
    let mut rate = search.best().context("not even the lowest rate was sustained")?;
    for _ in 0..BACKS_MAX {
        let confirm = plan.step(rate, 2);
        let run = step(kit, system, &venue, confirm, "sustained", &mut checks).await?;
        if is_sustained(&run) {
            let half = plan.step(rate / 2.0, 2);
            let half =
                step(kit, system, &venue, half, "half the sustained rate", &mut checks).await?;
            checks.retain(|check| !check.holds);
            return Ok(Found { sustained: run, half, checks });
        }
        rate = (rate * BACK).round();
    }
    anyhow::bail!("no rate lasted")
}

async fn step(
    kit: &Kit,
    system: &mut System<'_>,
    venue: &impl Fn(u64) -> Venue,
    step: Step,
    name: &str,
    checks: &mut Vec<Check>,
) -> Result<Run> {
    let event = system.database.plant(venue(step.requests())).await?;
    let (run, answered) = play(kit, system, event, distinct(event), name, step).await?;
    checks.push(answered);
    let p95_ms = run.p95_ms().unwrap_or_default();
    say(&format!("{}, p95 {p95_ms:.1} ms", run.title()));
    Ok(run)
}

fn is_sustained(run: &Run) -> bool {
    run.sustained.as_ref().is_some_and(|sustained| sustained.yes)
}
