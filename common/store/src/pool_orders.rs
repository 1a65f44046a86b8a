//! Orders to pause or resume pools. They are stored, so that a worker that starts later knows them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::names::Named;
use booking::domain::WorkerPool;
use booking::messages::PoolOrder;

/// The last order of each pool; pools that never had one are left out.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<PoolOrder>, sqlx::Error> {
    sqlx::query_as!(
        OrderRow,
        r#"SELECT pool AS "pool: Named<WorkerPool>", paused, revision, reason, changed_by,
                changed_at
         FROM pool_orders"#,
    )
    .map(PoolOrder::from)
    .fetch_all(connection)
    .await
}

/// Replaces a pool's order. The new one has a higher revision.
pub async fn give(
    connection: &mut PgConnection,
    pool: WorkerPool,
    paused: bool,
    reason: &str,
    changed_by: &str,
) -> Result<PoolOrder, sqlx::Error> {
    sqlx::query_as!(
        OrderRow,
        r#"INSERT INTO pool_orders AS o (pool, paused, revision, reason, changed_by, changed_at)
         VALUES ($1, $2, 1, $3, $4, clock_timestamp())
         ON CONFLICT (pool) DO UPDATE SET paused = excluded.paused, revision = o.revision + 1,
             reason = excluded.reason, changed_by = excluded.changed_by,
             changed_at = excluded.changed_at
         RETURNING pool AS "pool: Named<WorkerPool>", paused, revision, reason, changed_by,
             changed_at"#,
        pool.name(),
        paused,
        reason,
        changed_by,
    )
    .map(PoolOrder::from)
    .fetch_one(connection)
    .await
}

struct OrderRow {
    pool: Named<WorkerPool>,
    paused: bool,
    revision: i64,
    reason: String,
    changed_by: String,
    changed_at: DateTime<Utc>,
}

impl From<OrderRow> for PoolOrder {
    fn from(row: OrderRow) -> Self {
        Self {
            pool: row.pool.into_inner(),
            paused: row.paused,
            revision: row.revision,
            reason: row.reason,
            changed_by: row.changed_by,
            changed_at: row.changed_at,
        }
    }
}
