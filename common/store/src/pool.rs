//! The connection pool, migrations, and what a failure means.

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use process::settings::Database;

/// How long a connection that comes back to the pool may take to show that it lives.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Connections to Postgres.
pub type Pool = sqlx::PgPool;

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Why a transaction did not commit, and so what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database is away, busy, or chose this transaction to give way: the same again later.
    #[error("the database could not do it now")]
    Transient(#[source] sqlx::Error),
    /// Another worker was at the same rows between our look and our write: the same again at once.
    #[error("another transaction came between")]
    Conflict,
    /// These very rows cannot be written: again would fail again.
    #[error("the database refused it")]
    Refused(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        note_read_only(&error);
        if is_about_rows(&error) { Self::Refused(error) } else { Self::Transient(error) }
    }
}

/// Whether these very rows are the cause. All else is about the server, the schema or the rights:
/// it passes, for all requests at once, so that no request may be given up because of it.
fn is_about_rows(error: &sqlx::Error) -> bool {
    use sqlx::Error::{ColumnDecode, Database, Decode, Encode, RowNotFound};
    match error {
        // Classes: 21 cardinality, 22 data, 23 integrity (postgresql.org/docs, appendix A). None of
        // class 42 (syntax, access) can come from a row: a missing right, or a table or column that
        // is not there, says that schema, rights and build do not fit while one of them changes.
        Database(database) => {
            let code = database.code().unwrap_or_default();
            ["21", "22", "23"].iter().any(|class| code.starts_with(class))
        }
        RowNotFound | Decode(_) | Encode(_) | ColumnDecode { .. } => true,
        _ => false,
    }
}

/// The server takes no writes: it is a standby now, or was told so.
const READ_ONLY: &str = "25006";

/// How long connections are asked whether they can write, after one of them could not.
const DOUBT: Duration = Duration::from_mins(1);

/// When a connection could not write, the last time.
static READ_ONLY_SEEN: Mutex<Option<Instant>> = Mutex::new(None);
/// Whether that was lately, so that a connection costs no lock while all is well.
static IN_DOUBT: AtomicBool = AtomicBool::new(false);

fn note_read_only(error: &sqlx::Error) {
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.as_deref() == Some(READ_ONLY) {
        *READ_ONLY_SEEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        IN_DOUBT.store(true, Ordering::Relaxed);
    }
}

/// A connection to a server that takes no writes is closed, not used again: the next one may reach
/// the server that does, and one that began while the setting was on keeps it.
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

/// A pool that connects when first used: a process starts while Postgres is away.
pub fn open(settings: &Database, name: &str) -> anyhow::Result<Pool> {
    connect(settings, name, [])
}

/// A pool for statements that take arrays of rows, where only plans by index make sense: a batch
/// must not cost more because its event is large. Left to itself the planner may read a whole table
/// for a large batch, and plans anew for every one (postgresql.org/docs, plan_cache_mode).
pub fn open_for_batches(settings: &Database, name: &str) -> anyhow::Result<Pool> {
    connect(settings, name, FOR_BATCHES)
}

/// What is set on the connections of [`open_for_batches`].
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

/// The pool looks at a connection that comes back, too, but without a limit: one whose network has
/// forgotten it would keep its place for ever.
async fn may_return(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    in_time(RELEASE_TIMEOUT, connection.ping()).await?;
    may_write(connection).await
}

/// A statement's limit is kept by the server; this one holds where its answer never comes.
pub async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(no_answer()),
    }
}

/// What [`in_time`] says where the time is over.
pub fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Brings the schema up to date. Safe to call from several processes at once.
pub async fn migrate(pool: &Pool) -> anyhow::Result<()> {
    MIGRATIONS.run(pool).await?;
    Ok(())
}

/// The database's clock, to the millisecond: the one clock that decides what is due.
pub async fn now(connection: &mut PgConnection) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT date_trunc('milliseconds', clock_timestamp()) AS "now!""#)
        .fetch_one(connection)
        .await
}

/// An error unless a statement changed exactly as many rows as it had to.
pub(super) fn exactly(expected: usize, changed: u64) -> Result<(), Failure> {
    if changed == expected as u64 { Ok(()) } else { Err(Failure::Conflict) }
}
