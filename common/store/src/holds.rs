//! Holds that are looked for: all of them when an expiry worker starts, the overdue ones by audit.

use chrono::TimeDelta;
use sqlx::PgConnection;

use booking::ids::{EventId, ReservationId};
use booking::messages::DueHold;

/// The events that may have holds: those that have not begun long ago. Oldest first.
pub async fn events_with_holds(connection: &mut PgConnection) -> Result<Vec<EventId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM events WHERE starts_at > now() - interval '2 days' ORDER BY id"
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
    sqlx::query_as!(
        Count,
        r#"SELECT count(*) AS "held!", count(*) FILTER (
             WHERE expires_at < clock_timestamp() - interval '5 seconds') AS "overdue!"
         FROM tickets
         WHERE state = 'held'
           AND event_id IN (SELECT id FROM events WHERE starts_at > now() - interval '2 days')"#,
    )
    .fetch_one(connection)
    .await
}

/// The holds of an event; only those that have been due for `overdue` where it is given. It reads
/// along the tickets of the event, which costs no index that every hold would have to keep.
pub async fn of_event(
    connection: &mut PgConnection,
    event: EventId,
    overdue: Option<TimeDelta>,
) -> Result<Vec<DueHold>, sqlx::Error> {
    let overdue = overdue.map(|by| by.num_milliseconds() as f64 / 1_000.0);
    sqlx::query!(
        r#"SELECT DISTINCT reservation_id AS "reservation_id!", expires_at AS "expires_at!"
         FROM tickets
         WHERE event_id = $1 AND state = 'held'
           AND ($2::float8 IS NULL OR expires_at <= clock_timestamp() - make_interval(secs => $2))
         ORDER BY expires_at"#,
        event.0,
        overdue,
    )
    .map(|row| DueHold {
        event,
        reservation: ReservationId(row.reservation_id),
        due_at: row.expires_at,
    })
    .fetch_all(connection)
    .await
}
