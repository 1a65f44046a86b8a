//! The audit: the invariants of the database as queries. Each query counts the rows that break one.
//!
//! All run in one snapshot, so an audit may run during bookings and never sees part of a change. It
//! locks nothing, uses one core, and reads each large table a few times.

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
    /// Tickets, sections, and which reservation holds which tickets.
    Inventory,
    /// Payments, and the charges that the gateway has recorded.
    Money,
    /// The log of changes, compared with the present rows.
    History,
    /// Holds and payments that should have ended long ago.
    Progress,
}

impl Group {
    pub const ALL: &'static [Self] = &[Self::Inventory, Self::Money, Self::History, Self::Progress];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// A name for machines. It must not change, as the name of a metric must not.
    pub name: &'static str,
    pub group: Group,
    /// The invariant, in words.
    pub statement: &'static str,
    /// Counts the rows that break it. `$1` is the time from which history is checked.
    #[serde(skip)]
    pub(super) query: &'static str,
}

/// The result of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    pub rule: Rule,
    /// How many rows break the rule; 0 if it holds.
    pub rows: i64,
    /// How long the query took.
    pub took_ms: u64,
}

/// What an audit checks.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub groups: &'a [Group],
    /// Rules of history check the changes since then; all changes if none.
    pub history_from: Option<DateTime<Utc>>,
}

impl Scope<'_> {
    pub const ALL: Scope<'static> = Scope { groups: Group::ALL, history_from: None };
}

/// All rules, in the order in which they are checked.
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

/// Checks the rules of a scope, and returns the broken ones.
pub async fn violations(
    connection: &mut PgConnection,
    scope: Scope<'_>,
) -> Result<Vec<Finding>, sqlx::Error> {
    let findings = findings(connection, scope).await?;
    Ok(findings.into_iter().filter(|finding| finding.rows > 0).collect())
}
