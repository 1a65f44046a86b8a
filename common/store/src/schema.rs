//! Which migrations were applied to a database, and other facts about its server for operators.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::pool::MIGRATIONS;
use super::text::MIGRATIONS_APPLIED;

/// A database's schema, compared with the migrations of this build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The newest applied migration; 0 if there is none.
    pub version: i64,
    /// Migrations of this build that were not applied, or failed in the middle.
    pub missing: Vec<i64>,
    /// Applied migrations that this build does not know: the database is newer.
    pub unknown: Vec<i64>,
}

pub fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Compares a database's schema with this build.
pub async fn read(connection: &mut PgConnection) -> Result<Schema, sqlx::Error> {
    let is_there =
        sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "is_there!""#)
            .fetch_one(&mut *connection)
            .await?;
    let applied: Vec<i64> = if is_there {
        sqlx::query_scalar(MIGRATIONS_APPLIED).fetch_all(connection).await?
    } else {
        Vec::new()
    };
    let ours: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    Ok(Schema {
        version: applied.last().copied().unwrap_or(0),
        missing: ours.iter().filter(|version| !applied.contains(version)).copied().collect(),
        unknown: applied.iter().filter(|version| !ours.contains(version)).copied().collect(),
    })
}

/// What a server reports about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// The version as a number: 150007 for 15.7.
    pub version_num: i32,
    pub version: String,
    pub now: DateTime<Utc>,
    pub connections_max: i32,
    /// The names of settings that are off although durability needs them.
    pub not_durable: Vec<String>,
    /// Whether it is a standby, which takes no writes.
    pub is_standby: bool,
    /// Whether this user sees the transactions of other users.
    pub sees_transactions: bool,
    /// The age in seconds of the oldest open transaction of this database that this user sees.
    pub oldest_transaction_seconds: f64,
}

pub async fn server(connection: &mut PgConnection) -> Result<Server, sqlx::Error> {
    sqlx::query_as!(
        Server,
        r#"SELECT current_setting('server_version_num')::integer AS "version_num!",
                current_setting('server_version') AS "version!", clock_timestamp() AS "now!",
                current_setting('max_connections')::integer AS "connections_max!",
                ARRAY(SELECT name FROM pg_settings
                      WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')
                        AND setting = 'off' ORDER BY name) AS "not_durable!",
                pg_is_in_recovery() AS "is_standby!",
                pg_has_role('pg_read_all_stats', 'USAGE') AS "sees_transactions!",
                (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
                 FROM pg_stat_activity WHERE datname = current_database())
                    AS "oldest_transaction_seconds!""#,
    )
    .fetch_one(connection)
    .await
}
