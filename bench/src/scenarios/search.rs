//! The highest rate of distinct bookings that is sustained.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::kit::Kit;
use super::open_loop::{Step, distinct, play};
use crate::load::Search;
use crate::report::{Check, Run, say};
use crate::stage::{System, Venue};

/// How to search.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The first rate.
    pub start: f64,
    /// No rate is higher.
    pub max: f64,
    /// What comes before in each step.
    pub warmup: Duration,
    /// What counts in each step.
    pub length: Duration,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The run at the highest rate that was sustained for twice the time of a step.
    pub sustained: Run,
    /// The run at half of it.
    pub half: Run,
    /// What buyers were told.
    pub checks: Vec<Check>,
}

/// By how much the rate goes down when it does not last.
const BACK: f64 = 0.95;
/// How often it goes down before the search gives up.
const BACKS_MAX: usize = 8;

impl Plan {
    fn step(&self, rate: f64, times: u32) -> Step {
        Step { rate, warmup: self.warmup, length: self.length * times, judged: true }
    }
}

/// Searches with a venue of this shape, a fresh event for each step.
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
    let (run, told) = play(kit, system, event, distinct(event), name, step).await?;
    checks.push(told);
    let p95_ms = run.p95_ms().unwrap_or_default();
    say(&format!("{}, p95 {p95_ms:.1} ms", run.title()));
    Ok(run)
}

fn is_sustained(run: &Run) -> bool {
    run.sustained.as_ref().is_some_and(|sustained| sustained.yes)
}
