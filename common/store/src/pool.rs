//! The connection pool, migrations, and the kinds of failures.

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use process::settings::Database;

/// How long a connection that returns to the pool may take to answer a ping.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

pub type Pool = sqlx::PgPool;

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Why a transaction was not committed. Each kind needs a different reaction.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database is not available or busy, or aborted this transaction for another one. Try the
    /// same again later.
    #[error("the database could not do it now")]
    Transient(#[source] sqlx::Error),
    /// Another transaction changed the same rows between the read and the write. Try the same again
    /// at once.
    #[error("another transaction came between")]
    Conflict,
    /// The database refuses these rows, and would refuse them again.
    #[error("the database refused it")]
    Refused(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        note_read_only(&error);
        if is_about_rows(&error) { Self::Refused(error) } else { Self::Transient(error) }
    }
}

/// Whether the rows themselves are the cause. Every other cause (server, schema, rights) affects
/// all requests and will pass, so no request may be given up because of it.
fn is_about_rows(error: &sqlx::Error) -> bool {
    use sqlx::Error::{ColumnDecode, Database, Decode, Encode, RowNotFound};
    match error {
        // Classes: 21 cardinality, 22 data, 23 integrity (postgresql.org/docs, appendix A). Class
        // 42 (syntax, access) is never caused by a row. A missing right, table or column means that
        // schema, rights and build do not match while one of them changes.
        Database(database) => {
            let code = database.code().unwrap_or_default();
            ["21", "22", "23"].iter().any(|class| code.starts_with(class))
        }
        RowNotFound | Decode(_) | Encode(_) | ColumnDecode { .. } => true,
        _ => false,
    }
}

/// Postgres's code for a write in a read-only transaction: the server is a standby now, or a
/// setting makes its transactions read-only.
const READ_ONLY: &str = "25006";

/// How long connections are asked whether they can write, after one of them could not.
const DOUBT: Duration = Duration::from_mins(1);

/// When a write failed last on a read-only connection.
static READ_ONLY_SEEN: Mutex<Option<Instant>> = Mutex::new(None);
/// Whether that was within [`DOUBT`]. Normally false, and then using a connection needs no mutex.
static IN_DOUBT: AtomicBool = AtomicBool::new(false);

fn note_read_only(error: &sqlx::Error) {
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.as_deref() == Some(READ_ONLY) {
        *READ_ONLY_SEEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        IN_DOUBT.store(true, Ordering::Relaxed);
    }
}

/// Whether a connection may be used again. A read-only one is closed, because a new one may reach
/// the server that takes writes, and because a connection that was opened while a read-only
/// setting was on keeps that setting.
async fn may_write(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    if !IN_DOUBT.load(Ordering::Relaxed) {
        return Ok(true);
    }
    let seen = *READ_ONLY_SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.is_none_or(|at| at.elapsed() > DOUBT) {
        IN_DOUBT.store(false, Ordering::Relaxed);
        return Ok(true);
    }
    let may_write = sqlx::query_scalar!(
        r#"SELECT current_setting('transaction_read_only') = 'off' AS "may_write!""#
    );
    in_time(RELEASE_TIMEOUT, may_write.fetch_one(connection)).await
}

/// Opens a pool that connects at its first use, so that a process can start without Postgres.
pub fn open(settings: &Database, name: &str) -> anyhow::Result<Pool> {
    connect(settings, name, [])
}

/// Opens a pool for statements that take arrays of rows. Its settings force generic plans that use
/// an index, because a batch must not cost more if its event is large. Without them the planner may
/// read a whole table for a large batch, and makes a plan for every execution
/// (postgresql.org/docs, plan_cache_mode).
pub fn open_for_batches(settings: &Database, name: &str) -> anyhow::Result<Pool> {
    connect(settings, name, FOR_BATCHES)
}

/// The settings of the connections of [`open_for_batches`].
pub const FOR_BATCHES: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

fn connect<const N: usize>(
    settings: &Database,
    name: &str,
    plans: [(&'static str, &'static str); N],
) -> anyhow::Result<Pool> {
    let options = PgConnectOptions::from_str(settings.url.expose())?
        .application_name(name)
        .options([
            ("lock_timeout", format!("{}ms", settings.lock_timeout_ms)),
            ("statement_timeout", format!("{}ms", settings.statement_timeout_ms)),
            ("idle_in_transaction_session_timeout", "30s".to_owned()),
            ("jit", "off".to_owned()),
        ])
        .options(plans);
    Ok(PgPoolOptions::new()
        .max_connections(settings.connections_max)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(may_write(connection)))
        .after_release(|connection, _| Box::pin(may_return(connection)))
        .connect_lazy_with(options))
}

/// Whether a connection may return to the pool. The pool itself also checks this, but without a
/// time limit: a connection whose peer never answers would occupy its place for ever.
async fn may_return(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    in_time(RELEASE_TIMEOUT, connection.ping()).await?;
    may_write(connection).await
}

/// Limits the time of a query. The server enforces the statement time-out; this limit also works if
/// the server's answer never arrives.
pub async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(no_answer()),
    }
}

/// The error of [`in_time`] when the time is over.
pub fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Brings the schema up to date. Safe to call from several processes at once.
pub async fn migrate(pool: &Pool) -> anyhow::Result<()> {
    MIGRATIONS.run(pool).await?;
    Ok(())
}

/// The database's clock, in whole milliseconds. Only this clock decides what is due.
pub async fn now(connection: &mut PgConnection) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT date_trunc('milliseconds', clock_timestamp()) AS "now!""#)
        .fetch_one(connection)
        .await
}

/// A conflict unless a statement changed exactly the expected number of rows.
pub(super) fn exactly(expected: usize, changed: u64) -> Result<(), Failure> {
    if changed == expected as u64 { Ok(()) } else { Err(Failure::Conflict) }
}
