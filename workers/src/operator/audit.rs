//! `workers audit`: proves the invariants of the database, and checks the broker.

use std::process::ExitCode;

use broker::operators::Seen;
use broker::topology::{DEAD_LETTERS, Topology};
use broker::{Connection, Fault};
use chrono::{DateTime, TimeDelta, Utc};
use process::settings::Settings;
use serde::Serialize;
use store::audit::{self, Finding, Scope};
use store::pool;

/// What to look at, and how to say it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Check only the history of the last SECONDS; everything else is checked in full.
    #[arg(long, value_name = "SECONDS")]
    recent: Option<u32>,
    /// Leave the broker out.
    #[arg(long)]
    database_only: bool,
    /// Print the findings as one JSON object
    #[arg(long)]
    json: bool,
}

/// All invariants hold.
const HOLDS: u8 = 0;
/// An invariant of the database is broken.
const BROKEN: u8 = 1;
/// All invariants hold, but somebody should look at the broker.
const ATTENTION: u8 = 3;

#[derive(Debug, Serialize)]
struct Report {
    at: DateTime<Utc>,
    holds: bool,
    invariants: Vec<Finding>,
    /// None with `--database-only`.
    broker: Option<Vec<Attention>>,
}

/// What an operator should look at in one queue.
#[derive(Debug, Serialize)]
struct Attention {
    queue: String,
    what: String,
}

/// Runs the audit. Returns the text to print and the exit code.
pub(crate) async fn audit(
    settings: &Settings,
    options: &Options,
) -> anyhow::Result<(String, ExitCode)> {
    let pool = pool::open(&settings.database, "audit")?;
    let mut connection = pool.acquire().await?;
    let at = pool::now(&mut connection).await?;
    let history_from = options.recent.map(|s| at - TimeDelta::seconds(i64::from(s)));
    let scope = Scope { history_from, ..Scope::ALL };
    let invariants = audit::findings(&mut connection, scope).await?;
    let holds = invariants.iter().all(|finding| finding.rows == 0);
    let broker = if options.database_only { None } else { Some(attention(settings).await?) };
    let code = match &broker {
        _ if !holds => BROKEN,
        Some(found) if !found.is_empty() => ATTENTION,
        _ => HOLDS,
    };
    let report = Report { at, holds, invariants, broker };
    let said = if options.json { serde_json::to_string_pretty(&report)? } else { text(&report) };
    Ok((said, ExitCode::from(code)))
}

/// Finds queues that differ from the topology or have no consumer, and dead letters.
async fn attention(settings: &Settings) -> anyhow::Result<Vec<Attention>> {
    let topology = Topology::new(&settings.topology);
    let connection = Connection::open(&settings.broker, "audit").await?;
    let mut found = Vec::new();
    let mut not_compared = Vec::new();
    for Seen { queue, depth, fault } in broker::operators::inspect(&connection, &topology).await? {
        if let Some(Fault::Forbidden(_)) = &fault {
            not_compared.push(queue.clone());
        }
        let what = match (fault, depth) {
            (Some(fault @ (Fault::Missing | Fault::Differs(_))), _) => fault.to_string(),
            (_, Some(depth)) if queue == DEAD_LETTERS && depth.messages > 0 => {
                format!("{} messages were given up, each with its reason", depth.messages)
            }
            (_, Some(depth)) if Topology::is_worked_on(&queue) && depth.consumers == 0 => {
                format!("nobody works on it, and {} messages wait", depth.messages)
            }
            _ => continue,
        };
        found.push(Attention { queue, what });
    }
    if let Some(first) = not_compared.first() {
        let queue = format!("{first} and {} others", not_compared.len() - 1);
        let what = "their arguments are not compared: that takes the user boxoffice-operator";
        found.push(Attention { queue, what: what.to_owned() });
    }
    connection.close().await;
    Ok(found)
}

fn text(report: &Report) -> String {
    let mut lines = Vec::new();
    for finding in report.invariants.iter().filter(|finding| finding.rows > 0) {
        let Finding { rule, rows, .. } = finding;
        lines.push(format!("VIOLATED ({rows} rows): {} [{}]", rule.statement, rule.name));
    }
    for one in report.broker.iter().flatten() {
        lines.push(format!("ATTENTION: queue {}: {}", one.queue, one.what));
    }
    let took_ms: u64 = report.invariants.iter().map(|finding| finding.took_ms).sum();
    let rules = report.invariants.len();
    let verdict = if report.holds { "every invariant holds" } else { "invariants are broken" };
    lines.push(format!("{verdict}: {rules} looked at in {took_ms} ms"));
    lines.join("\n")
}
