//! Which migrations a database has had, and what else operators want to know of it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::pool::MIGRATIONS;
use super::text::MIGRATIONS_APPLIED;

/// How a database's schema compares with this build's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The newest migration that the database has had; 0 for none.
    pub version: i64,
    /// Migrations of this build that it has not had, or not wholly.
    pub missing: Vec<i64>,
    /// Migrations that it has had and this build does not know: it is newer.
    pub unknown: Vec<i64>,
}

/// The newest migration of this build.
pub fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Compares the schema.
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

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its version, such as 150007 for 15.7.
    pub version_num: i32,
    /// Its version in its own words.
    pub version: String,
    /// Its clock.
    pub now: DateTime<Utc>,
    /// Connections that it allows.
    pub connections_max: i32,
    /// Settings that give up durability: their names.
    pub not_durable: Vec<String>,
    /// It is a standby, where nothing can be written.
    pub is_standby: bool,
    /// This user sees the transactions of others.
    pub sees_transactions: bool,
    /// The age of the oldest open transaction of this database that this user sees, in seconds.
    pub oldest_transaction_seconds: f64,
}

/// Asks a server.
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
