//! Checks that must hold after every run.

use anyhow::Result;
use booking::ids::EventId;
use store::audit::{Group, Scope};

use crate::load::Counts;
use crate::report::Check;
use crate::stage::{System, Target};

/// States of reservations that have held tickets.
const HELD: [&str; 6] = ["held", "paying", "confirmed", "expired", "cancelled", "refunded"];

/// The invariants that also hold for the baseline, which keeps no history.
const WITHOUT_HISTORY: Scope<'static> =
    Scope { groups: &[Group::Inventory, Group::Money, Group::Progress], ..Scope::ALL };

/// Checks the invariants of the database.
pub(super) async fn invariants(system: &System<'_>) -> Result<Check> {
    let scope = match system.target {
        Target::Boxoffice => Scope::ALL,
        Target::Baseline => WITHOUT_HISTORY,
    };
    let violations = system.database.violations(scope).await?;
    let broken: Vec<String> =
        violations.iter().map(|one| format!("{} rows: {}", one.rows, one.rule.statement)).collect();
    Ok(Check {
        what: format!("invariants of {}'s database", system.target.name()),
        holds: violations.is_empty(),
        found: if broken.is_empty() { "none is broken".to_owned() } else { broken.join("; ") },
    })
}

/// Checks that the answers to buyers match the database. A request without an answer may have been
/// held.
pub(super) async fn answers(
    system: &System<'_>,
    events: &[EventId],
    counts: Counts,
) -> Result<Check> {
    let held = system.database.reservations(events, &HELD).await?;
    let unknown = counts.timed_out + counts.failed + counts.unavailable;
    let which = match events {
        [one] => format!("event {}", one.0),
        all => format!("{} events", all.len()),
    };
    let what = format!("reservations held in {which}, as their buyers were answered");
    Ok(Check::within(what, held, counts.won, counts.won + unknown))
}

/// Stops a system. Checks that each process ends in order, with no work left.
pub(super) async fn stopped(system: System<'_>) -> Check {
    let what = format!("{} stops in good order", system.target.name());
    match system.stop().await {
        Ok(()) => Check { what, holds: true, found: "it did".to_owned() },
        Err(error) => Check { what, holds: false, found: format!("{error:#}") },
    }
}
