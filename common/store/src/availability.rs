//! What is taken in a section, at its version.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use booking::domain::TicketState;
use booking::ids::{EventId, SectionKey, SectionNumber, TicketNumber};

/// What is taken in a section at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionState {
    /// Its event.
    pub event: EventId,
    /// Its number.
    pub number: SectionNumber,
    /// Its version.
    pub version: i64,
    /// How many tickets are available.
    pub available: i32,
    /// The tickets that are not available, ascending: state and until when held.
    pub taken: Vec<(TicketNumber, TicketState, Option<DateTime<Utc>>)>,
}

/// What is taken in these sections; those that there are. One statement, so a version and its
/// tickets are of one moment.
pub async fn find(
    connection: &mut PgConnection,
    sections: &[SectionKey],
) -> Result<Vec<SectionState>, sqlx::Error> {
    let (events, numbers): (Vec<i32>, Vec<i32>) =
        sections.iter().map(|(event, number)| (event.0, number.0)).unzip();
    let rows = sqlx::query(
        "SELECT s.event_id, s.number, s.version, s.available, t.numbers, t.states, t.expires
         FROM unnest($1::int[], $2::int[]) AS w (event_id, number)
         JOIN sections s ON s.event_id = w.event_id AND s.number = w.number
         CROSS JOIN LATERAL (
             SELECT coalesce(array_agg(number ORDER BY number), '{}') AS numbers,
                    coalesce(array_agg(state::text ORDER BY number), '{}') AS states,
                    coalesce(array_agg(expires_at ORDER BY number), '{}') AS expires
             FROM tickets t
             WHERE t.event_id = s.event_id AND t.state <> 'available'
               AND t.number >= s.first_ticket AND t.number < s.first_ticket + s.capacity
         ) AS t
         ORDER BY s.event_id, s.number",
    )
    .bind(events)
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    rows.iter().map(section_state).collect()
}

fn section_state(row: &PgRow) -> Result<SectionState, sqlx::Error> {
    let (numbers, states): (Vec<i32>, Vec<String>) = (row.try_get(4)?, row.try_get(5)?);
    let expires: Vec<Option<DateTime<Utc>>> = row.try_get(6)?;
    let taken = numbers.into_iter().zip(&states).zip(expires).map(|((number, state), until)| {
        (TicketNumber(number), TicketState::parse(state).unwrap_or(TicketState::Blocked), until)
    });
    Ok(SectionState {
        event: EventId(row.try_get(0)?),
        number: SectionNumber(row.try_get(1)?),
        version: row.try_get(2)?,
        available: row.try_get(3)?,
        taken: taken.collect(),
    })
}
