//! The invariants of the database, as queries: each counts what must not be.
//!
//! All are read in one snapshot, so an audit may run beside bookings and never sees half a change.
//! It locks nothing, uses one core, and reads each large table a few times.

mod history;
mod inventory;
mod money;
mod progress;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{Connection, PgConnection};

use super::text::{BEGIN_SNAPSHOT, SET_FOR_AUDIT};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Tickets, sections, and who holds what.
    Inventory,
    /// Payments, and the gateway's books.
    Money,
    /// The log of changes, against the present.
    History,
    /// Nothing lies about that should have moved long ago.
    Progress,
}

impl Group {
    /// Every group.
    pub const ALL: &'static [Self] = &[Self::Inventory, Self::Money, Self::History, Self::Progress];
}

/// An invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name, for machines: as stable as a metric's.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// What must hold.
    pub statement: &'static str,
    /// Counts the rows that break it. `$1` is the time from which history is looked at.
    #[serde(skip)]
    pub(super) query: &'static str,
}

/// Whether a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    pub rule: Rule,
    /// How many rows break it: none where it holds.
    pub rows: i64,
    /// How long the database took to say so.
    pub took_ms: u64,
}

/// What an audit looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The rules of these groups.
    pub groups: &'a [Group],
    /// Rules of history look at what changed from then on; at all of it where none is given.
    pub history_from: Option<DateTime<Utc>>,
}

impl Scope<'_> {
    /// Everything.
    pub const ALL: Scope<'static> = Scope { groups: Group::ALL, history_from: None };
}

/// Every rule, in the order in which they are looked at.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [inventory::RULES, money::RULES, history::RULES, progress::RULES].into_iter().flatten()
}

/// The statements of all rules, which are text: a test has the database check them.
pub fn statements() -> impl Iterator<Item = &'static str> {
    rules().map(|rule| rule.query)
}

/// Looks at the rules of a scope: how many rows break each.
pub async fn findings(
    connection: &mut PgConnection,
    scope: Scope<'_>,
) -> Result<Vec<Finding>, sqlx::Error> {
    let mut snapshot = connection.begin_with(BEGIN_SNAPSHOT).await?;
    sqlx::raw_sql(SET_FOR_AUDIT).execute(&mut *snapshot).await?;
    let from = scope.history_from.unwrap_or(DateTime::UNIX_EPOCH);
    let mut findings = Vec::new();
    for rule in rules().filter(|rule| scope.groups.contains(&rule.group)) {
        let begun = std::time::Instant::now();
        let query = sqlx::query_scalar(rule.query);
        let query = if rule.query.contains("$1") { query.bind(from) } else { query };
        let rows = query.fetch_one(&mut *snapshot).await?;
        let took_ms = begun.elapsed().as_millis() as u64;
        findings.push(Finding { rule: *rule, rows, took_ms });
    }
    snapshot.commit().await?;
    Ok(findings)
}

/// Every rule of a scope that is broken now.
pub async fn violations(
    connection: &mut PgConnection,
    scope: Scope<'_>,
) -> Result<Vec<Finding>, sqlx::Error> {
    let findings = findings(connection, scope).await?;
    Ok(findings.into_iter().filter(|finding| finding.rows > 0).collect())
}
