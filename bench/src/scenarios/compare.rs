//! Boxoffice and the baseline in turns on the same servers, and the limits of the servers: the
//! ratios.

use std::time::Duration;

use anyhow::Result;

use super::audit;
use super::kit::Kit;
use super::limits;
use super::search::{Found, Plan, search};
use crate::limits::Limit;
use crate::report::{Aim, Check, Figure, Report, Run};
use crate::stage::Target;

/// `plan` starts with a rate for Boxoffice. The baseline's search starts with a tenth of it.
pub async fn compare(kit: &Kit, plan: Plan, rounds: u32, limit: Duration) -> Result<Report> {
    let found = limits::measure(kit, limit).await?;
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let mut checks = Vec::new();
    for _ in 0..rounds.max(1) {
        ours.push(turn(kit, Target::Boxoffice, plan, &mut checks).await?);
        let plan = Plan { start: (plan.start / 10.0).max(100.0), ..plan };
        theirs.push(turn(kit, Target::Baseline, plan, &mut checks).await?);
    }
    let mut figures = ratios(&ours, &theirs, &found);
    figures.extend(limits::figures(&found));
    let runs = ours.into_iter().chain(theirs).flat_map(|found| [found.sustained, found.half]);
    let mut report = kit.report("compare", runs.collect(), figures).await?;
    report.checks = checks;
    Ok(report)
}

async fn turn(kit: &Kit, target: Target, plan: Plan, checks: &mut Vec<Check>) -> Result<Found> {
    let mut system = kit.system(target).await?;
    let mut found = search(kit, &mut system, |requests| kit.venue(requests), plan).await?;
    checks.append(&mut found.checks);
    checks.push(audit::invariants(&system).await?);
    checks.push(audit::stopped(system).await);
    Ok(found)
}

/// The ratios of the means over all rounds.
fn ratios(ours: &[Found], theirs: &[Found], limits: &[Limit]) -> Vec<Figure> {
    let rate = |run: &Run| run.rate;
    let our_rate = mean(ours.iter().map(|found| rate(&found.sustained)));
    let their_rate = mean(theirs.iter().map(|found| rate(&found.sustained)));
    let our_p95_ms = mean(ours.iter().map(|found| found.half.p95_ms()));
    let their_p95_ms = mean(theirs.iter().map(|found| found.half.p95_ms()));
    let our_cpu_s = mean(ours.iter().map(|found| found.sustained.cpu_s_per_1000()));
    let their_cpu_s = mean(theirs.iter().map(|found| found.sustained.cpu_s_per_1000()));
    let of_postgres = limits.iter().filter(|limit| limit.what.starts_with("Postgres"));
    let postgres = of_postgres.map(|limit| limit.requests_per_s).fold(0.0, f64::max);
    let of_broker = limits.iter().filter(|limit| limit.what.starts_with("RabbitMQ"));
    let broker = of_broker.map(|limit| limit.requests_per_s).fold(0.0, f64::max);
    vec![
        Figure::new("Boxoffice, sustained", our_rate, "/s"),
        Figure::new("baseline, sustained", their_rate, "/s"),
        Figure::new("Boxoffice to baseline", our_rate / their_rate, "times")
            .aim(Aim::AtLeast(10.0)),
        Figure::new("Boxoffice to Postgres alone", 100.0 * our_rate / postgres, "%")
            .aim(Aim::AtLeast(40.0)),
        Figure::new("Boxoffice to RabbitMQ alone", 100.0 * our_rate / broker, "%"),
        Figure::new("Boxoffice, p95 at half its rate", our_p95_ms, "ms").aim(Aim::AtMost(100.0)),
        Figure::new("baseline, p95 at half its rate", their_p95_ms, "ms"),
        Figure::new("Boxoffice, CPU per 1,000 decisions", our_cpu_s, "s").aim(Aim::AtMost(0.090)),
        Figure::new("baseline, CPU per 1,000 decisions", their_cpu_s, "s"),
    ]
}

fn mean(values: impl Iterator<Item = Option<f64>>) -> f64 {
    let values: Vec<f64> = values.flatten().collect();
    values.iter().sum::<f64>() / values.len() as f64
}
