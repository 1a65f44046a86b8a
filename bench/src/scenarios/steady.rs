//! Distinct seats at a constant rate: over all sections, in one section, or as overlapping pairs.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;

use super::audit;
use super::kit::Kit;
use super::open_loop::{Step, Wishes, distinct, play};
use super::search::{Found, Plan, search};
use crate::report::{Aim, Figure, Report};
use crate::stage::{Event, Target, Venue};

/// Which tickets requests ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One ticket each, over all sections.
    Spread,
    /// One ticket each, all in one section, so that one partition decides everything.
    OneSection,
    /// Two neighbours each. Each pair overlaps with two others.
    Pairs,
}

impl Shape {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spread => "steady",
            Self::OneSection => "one-section",
            Self::Pairs => "pairs",
        }
    }

    fn venue(self, kit: &Kit, requests: u64) -> Venue {
        match self {
            Self::Spread => kit.venue(requests),
            Self::OneSection => Venue { sections: 1, ..kit.venue(requests) },
            Self::Pairs => kit.venue(requests + 1),
        }
    }

    fn wishes(self, event: Event, requests: u64) -> Wishes {
        if self == Self::Pairs { pairs(requests) } else { distinct(event) }
    }
}

/// Runs one rate.
pub async fn steady(kit: &Kit, target: Target, shape: Shape, step: Step) -> Result<Report> {
    let mut system = kit.system(target).await?;
    let event = system.database.plant(shape.venue(kit, step.requests())).await?;
    let wishes = shape.wishes(event, step.requests());
    let before = system.served().await?;
    let (run, answered) = play(kit, &mut system, event, wishes, shape.name(), step).await?;
    let served = system.served().await?.since(before);
    let mut figures = Vec::new();
    if let Some(p95_ms) = run.p95_ms() {
        figures.push(Figure::new("p95 of decisions", p95_ms, "ms").aim(Aim::AtMost(500.0)));
    }
    if let Some(cpu_s) = run.cpu_s_per_1000() {
        figures.push(Figure::new("CPU per 1,000 decisions", cpu_s, "s").aim(Aim::AtMost(0.090)));
    }
    if target == Target::Boxoffice {
        figures.push(Figure::new("requests in a transaction", served.batch_requests(), ""));
        figures.push(Figure::new("a transaction takes", served.transaction_ms(), "ms"));
        figures.push(Figure::new("its confirm takes", served.confirm_ms(), "ms"));
    }
    let mut report = kit.report(shape.name(), vec![run], figures).await?;
    report.checks = vec![answered, audit::invariants(&system).await?];
    report.checks.push(audit::stopped(system).await);
    Ok(report)
}

/// Searches for the highest sustained rate.
pub async fn highest(kit: &Kit, target: Target, shape: Shape, plan: Plan) -> Result<Report> {
    let mut system = kit.system(target).await?;
    let venue = |requests| shape.venue(kit, requests);
    let Found { sustained, half, checks } = search(kit, &mut system, venue, plan).await?;
    let mut figures =
        vec![Figure::new("sustained reservations", sustained.rate.unwrap_or_default(), "/s")];
    if let Some(p95_ms) = half.p95_ms() {
        figures.push(Figure::new("p95 at half of it", p95_ms, "ms").aim(Aim::AtMost(100.0)));
    }
    if let Some(cpu_s) = sustained.cpu_s_per_1000() {
        figures.push(Figure::new("CPU per 1,000 decisions", cpu_s, "s").aim(Aim::AtMost(0.090)));
    }
    let scenario = format!("{}-search", shape.name());
    let mut report = kit.report(&scenario, vec![sustained, half], figures).await?;
    report.checks = checks;
    report.checks.push(audit::invariants(&system).await?);
    report.checks.push(audit::stopped(system).await);
    Ok(report)
}

/// Pairs of tickets n and n + 1, in shuffled order.
fn pairs(requests: u64) -> Wishes {
    let mut firsts: Vec<i32> = (1..=requests as i32).collect();
    firsts.shuffle(&mut rand::rngs::StdRng::seed_from_u64(requests));
    Rc::new(move |number| {
        let first = firsts[number as usize % firsts.len()];
        vec![first, first + 1]
    })
}

/// The usual length of a step in a search.
pub const SEARCH_STEP: Duration = Duration::from_secs(6);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_overlaps_its_neighbours() {
        let wishes = pairs(100);
        let mut all: Vec<Vec<i32>> = (0..100).map(|number| wishes(number)).collect();
        assert!(!all.is_sorted());
        all.sort();
        assert!(all.windows(2).all(|two| two[0][1] == two[1][0]));
    }
}
