//! Which pools are to pause: kept here, so that a worker that starts knows it.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use booking::domain::WorkerPool;
use booking::messages::PoolOrder;

/// The orders that were ever given, one for each pool at most.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<PoolOrder>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT pool, paused, revision, reason, changed_by, changed_at FROM pool_orders",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(order).collect()
}

/// Gives a pool an order, in place of the one that it had.
pub async fn give(
    connection: &mut PgConnection,
    pool: WorkerPool,
    paused: bool,
    reason: &str,
    changed_by: &str,
) -> Result<PoolOrder, sqlx::Error> {
    let row = sqlx::query(
        "INSERT INTO pool_orders AS o (pool, paused, revision, reason, changed_by, changed_at)
         VALUES ($1, $2, 1, $3, $4, clock_timestamp())
         ON CONFLICT (pool) DO UPDATE SET paused = excluded.paused, revision = o.revision + 1,
             reason = excluded.reason, changed_by = excluded.changed_by,
             changed_at = excluded.changed_at
         RETURNING pool, paused, revision, reason, changed_by, changed_at",
    )
    .bind(pool.name())
    .bind(paused)
    .bind(reason)
    .bind(changed_by)
    .fetch_one(connection)
    .await?;
    order(&row)
}

fn order(row: &PgRow) -> Result<PoolOrder, sqlx::Error> {
    let pool: String = row.try_get("pool")?;
    Ok(PoolOrder {
        pool: WorkerPool::parse(&pool).ok_or_else(|| sqlx::Error::Decode(pool.into()))?,
        paused: row.try_get("paused")?,
        revision: row.try_get("revision")?,
        reason: row.try_get("reason")?,
        changed_by: row.try_get("changed_by")?,
        changed_at: row.try_get("changed_at")?,
    })
}
