//! The cost of a booking with more data: tickets in an event, events on sale, old reservations in
//! the table. The rate is always the same, so that only the cost can differ.

use std::rc::Rc;

use anyhow::Result;

use super::audit;
use super::kit::Kit;
use super::open_loop::{Step, Wishes, distinct, play_events};
use crate::report::{Aim, Check, Figure, Report, Run, progress};
use crate::stage::{Event, System, Target, Venue};

/// How much data there is.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    /// Tickets of the large event.
    pub tickets: u64,
    /// Events on sale at once, in the run with many.
    pub events: u64,
    pub reservations: u64,
}

/// Events on sale at once, in the run with few.
const FEW: u64 = 10;
/// The factor by which a booking may cost more.
const COST_MAX: f64 = 1.2;

/// Runs the same load on more and more data.
pub async fn growth(kit: &Kit, growth: Growth, step: Step) -> Result<Report> {
    let mut system = kit.system(Target::Boxoffice).await?;
    let mut all = Vec::new();
    let few = spread(&system, kit, step, FEW).await?;
    all.push(run(kit, &mut system, &few, "10 events", step).await?);

    let venue = Venue { tickets: growth.tickets, ..kit.venue(step.requests()) };
    let large = vec![system.database.plant(venue).await?];
    let name = format!("an event of {} tickets", growth.tickets);
    all.push(run(kit, &mut system, &large, &name, step).await?);

    progress(&format!("growth: {} events are made", growth.events), true);
    let many = spread(&system, kit, step, growth.events).await?;
    all.push(run(kit, &mut system, &many, &format!("{} events", growth.events), step).await?);

    progress(&format!("growth: {} old reservations are made", growth.reservations), true);
    system.database.grow_old(growth.reservations).await?;
    let few = spread(&system, kit, step, FEW).await?;
    let name = format!("{} old reservations", growth.reservations);
    all.push(run(kit, &mut system, &few, &name, step).await?);

    let (runs, checks): (Vec<Run>, Vec<Check>) = all.into_iter().unzip();
    let mut report = kit.report("growth", runs.clone(), figures(&runs)).await?;
    report.checks = checks;
    report.checks.push(audit::invariants(&system).await?);
    report.checks.push(audit::stopped(system).await);
    Ok(report)
}

async fn spread(system: &System<'_>, kit: &Kit, step: Step, events: u64) -> Result<Vec<Event>> {
    let tickets = step.requests().div_ceil(events);
    let sections = kit.options.sections.div_ceil(events).max(1);
    system.database.plant_many(Venue { sections, ..kit.venue(tickets) }, events).await
}

async fn run(
    kit: &Kit,
    system: &mut System<'_>,
    events: &[Event],
    name: &str,
    step: Step,
) -> Result<(Run, Check)> {
    let wishes: Vec<(Event, Wishes)> =
        events.iter().map(|event| (*event, distinct(*event))).collect();
    play_events(kit, system, Rc::new(wishes), name, step).await
}

fn figures(runs: &[Run]) -> Vec<Figure> {
    let cost = |run: &Run| run.cpu_s_per_1000().unwrap_or(f64::NAN);
    let base = runs.first().map_or(f64::NAN, cost);
    let mut figures = vec![Figure::new("CPU per 1,000 decisions, 10 events", base, "s")];
    for run in runs.iter().skip(1) {
        let times = cost(run) / base;
        figures.push(
            Figure::new(format!("the same with {}", run.name), times, "times")
                .aim(Aim::AtMost(COST_MAX)),
        );
    }
    figures
}
