//! Frees overdue holds, once a second.

use std::time::Duration;

use store::Pool;
use tokio::time::MissedTickBehavior;

/// Maximum holds that one statement frees.
const BATCH_MAX: i64 = 2_000;

/// Creates the index that the job needs.
pub(super) async fn prepare(pool: &Pool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "CREATE INDEX IF NOT EXISTS reservations_due ON reservations (expires_at)
         WHERE status = 'held'",
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Runs the job for ever. After an error it tries again in the next second.
pub(super) async fn every_second(pool: Pool) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        loop {
            match expire(&pool).await {
                Ok(freed) if freed == BATCH_MAX as u64 => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "holds that are due could not be freed");
                    break;
                }
            }
        }
    }
}

/// Frees a batch of holds, in one statement and so in one transaction. Returns their number.
async fn expire(pool: &Pool) -> Result<u64, sqlx::Error> {
    let freed: i64 = sqlx::query_scalar(
        "WITH due AS (
             SELECT event_id, id FROM reservations
             WHERE status = 'held' AND expires_at <= clock_timestamp()
             ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
         ), expired AS (
             UPDATE reservations r
             SET status = 'expired', reason = 'expired', revision = r.revision + 1,
                 updated_at = clock_timestamp()
             FROM due WHERE r.event_id = due.event_id AND r.id = due.id
             RETURNING r.event_id, r.id, r.tickets
         ), freed AS (
             UPDATE tickets t SET state = 'available', reservation_id = NULL, expires_at = NULL
             FROM expired e, unnest(e.tickets) AS n
             WHERE t.event_id = e.event_id AND t.number = n AND t.reservation_id = e.id
             RETURNING t.event_id, t.number
         ), counted AS (
             UPDATE sections s
             SET available = s.available + f.tickets, version = s.version + 1
             FROM (SELECT s.event_id, s.number, count(*)::int AS tickets
                   FROM freed JOIN sections s ON s.event_id = freed.event_id
                    AND freed.number >= s.first_ticket
                    AND freed.number < s.first_ticket + s.capacity
                   GROUP BY s.event_id, s.number) AS f
             WHERE s.event_id = f.event_id AND s.number = f.number
         )
         SELECT count(*) FROM expired",
    )
    .bind(BATCH_MAX)
    .fetch_one(pool)
    .await?;
    Ok(freed.unsigned_abs())
}
