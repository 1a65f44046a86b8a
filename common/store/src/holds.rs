//! Finds holds: all of them when an expiry worker starts, the overdue ones for the sweep.

use chrono::TimeDelta;
use sqlx::PgConnection;

use booking::ids::{EventId, ReservationId};
use booking::messages::DueHold;

/// The events that may have holds: those that start later than two days ago, by id.
pub async fn events_with_holds(connection: &mut PgConnection) -> Result<Vec<EventId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM events WHERE starts_at > now() - interval '2 days' ORDER BY id"
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(EventId).collect())
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub held: i64,
    /// Held tickets whose hold has been due for more than five seconds.
    pub overdue: i64,
}

/// Counts the held tickets of the events that may have holds. Like [`of_event`], it reads all
/// tickets of these events, so do not call it often.
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

/// The holds of an event. With `overdue`, only those that have been due for at least that long. It
/// reads all tickets of the event: an index would make this faster, and every hold slower.
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
