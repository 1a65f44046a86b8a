//! Holds that are looked for: all of them when an expiry worker starts, the overdue ones by audit.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, Row};

use booking::ids::{EventId, ReservationId};
use booking::messages::DueHold;

/// The events that may have holds: those that have not begun long ago. Oldest first.
pub async fn events_with_holds(connection: &mut PgConnection) -> Result<Vec<EventId>, sqlx::Error> {
    let ids: Vec<i32> = sqlx::query_scalar(
        "SELECT id FROM events WHERE starts_at > now() - interval '2 days' ORDER BY id",
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(EventId).collect())
}

/// Tickets that are held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub held: i64,
    /// Those that have been due for more than five seconds.
    pub overdue: i64,
}

/// Counts the held tickets of the events that may have holds. Like [`of_event`], it reads along
/// their tickets: not to be done often.
pub async fn count(connection: &mut PgConnection) -> Result<Count, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*), count(*) FILTER (
             WHERE expires_at < clock_timestamp() - interval '5 seconds')
         FROM tickets
         WHERE state = 'held'
           AND event_id IN (SELECT id FROM events WHERE starts_at > now() - interval '2 days')",
    )
    .fetch_one(connection)
    .await?;
    Ok(Count { held: row.try_get(0)?, overdue: row.try_get(1)? })
}

/// The holds of an event; only those that have been due for `overdue` where it is given. It reads
/// along the tickets of the event, which costs no index that every hold would have to keep.
pub async fn of_event(
    connection: &mut PgConnection,
    event: EventId,
    overdue: Option<TimeDelta>,
) -> Result<Vec<DueHold>, sqlx::Error> {
    let overdue = overdue.map(|by| by.num_milliseconds() as f64 / 1_000.0);
    let rows = sqlx::query(
        "SELECT DISTINCT reservation_id, expires_at FROM tickets
         WHERE event_id = $1 AND state = 'held'
           AND ($2::float8 IS NULL OR expires_at <= clock_timestamp() - make_interval(secs => $2))
         ORDER BY expires_at",
    )
    .bind(event.0)
    .bind(overdue)
    .fetch_all(connection)
    .await?;
    let hold = |row: &sqlx::postgres::PgRow| {
        let due_at: DateTime<Utc> = row.try_get(1)?;
        Ok(DueHold { event, reservation: ReservationId(row.try_get(0)?), due_at })
    };
    rows.iter().map(hold).collect()
}
