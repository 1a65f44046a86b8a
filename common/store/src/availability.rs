//! The taken tickets of sections, each at a version.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::names::Named;
use booking::domain::TicketState;
use booking::ids::{EventId, SectionKey, SectionNumber, TicketNumber};

/// The ticket states of a section at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionState {
    pub event: EventId,
    pub number: SectionNumber,
    pub version: i64,
    /// The number of available tickets.
    pub available: i32,
    /// The tickets that are not available, by number, each with its state and the end of its hold.
    pub taken: Vec<(TicketNumber, TicketState, Option<DateTime<Utc>>)>,
}

/// The states of these sections; unknown ones are left out. It is one statement, so that each
/// version and its tickets come from the same snapshot.
pub async fn find(
    connection: &mut PgConnection,
    sections: &[SectionKey],
) -> Result<Vec<SectionState>, sqlx::Error> {
    let (events, numbers): (Vec<i32>, Vec<i32>) =
        sections.iter().map(|(event, number)| (event.0, number.0)).unzip();
    let rows = sqlx::query_as!(
        SectionRow,
        r#"SELECT s.event_id, s.number, s.version, s.available, t.numbers AS "numbers!",
                t.states AS "states!: Vec<Named<TicketState>>",
                t.expires AS "expires!: Vec<Option<DateTime<Utc>>>"
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
         ORDER BY s.event_id, s.number"#,
        &events,
        &numbers,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(SectionState::from).collect())
}

struct SectionRow {
    event_id: i32,
    number: i32,
    version: i64,
    available: i32,
    numbers: Vec<i32>,
    states: Vec<Named<TicketState>>,
    expires: Vec<Option<DateTime<Utc>>>,
}

impl From<SectionRow> for SectionState {
    fn from(row: SectionRow) -> Self {
        let states = row.states.into_iter().map(Named::into_inner);
        let tickets = row.numbers.into_iter().map(TicketNumber).zip(states).zip(row.expires);
        Self {
            event: EventId(row.event_id),
            number: SectionNumber(row.number),
            version: row.version,
            available: row.available,
            taken: tickets.map(|((number, state), until)| (number, state, until)).collect(),
        }
    }
}
