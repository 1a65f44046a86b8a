//! The positions and labels of seats.

use std::collections::HashMap;

use sqlx::PgConnection;

use booking::ids::{EventId, SectionKey, SectionNumber, TicketNumber, TierNumber};

#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    pub number: TicketNumber,
    pub tier: TierNumber,
    pub row: String,
    pub seat: String,
    /// Metres to the right of the middle of the stage.
    pub x: f32,
    /// Metres from the stage.
    pub y: f32,
    /// Reserved for people who need it.
    pub accessible: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatLabel {
    pub number: TicketNumber,
    pub row: String,
    pub seat: String,
}

/// The version of an event's layout; none if there is no such event.
pub async fn layout_version(
    connection: &mut PgConnection,
    event: EventId,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!("SELECT layout_version FROM events WHERE id = $1", event.0)
        .fetch_optional(connection)
        .await
}

/// The seats of some sections of an event, by ticket number; general admission has none.
pub async fn find(
    connection: &mut PgConnection,
    event: EventId,
    sections: &[SectionNumber],
) -> Result<Vec<Seat>, sqlx::Error> {
    let sections: Vec<i32> = sections.iter().map(|section| section.0).collect();
    sqlx::query!(
        "SELECT s.number, t.tier, s.row_label, s.seat_label, s.x, s.y, s.accessible
         FROM sections c
         JOIN seats s ON s.event_id = c.event_id AND s.number >= c.first_ticket
                     AND s.number < c.first_ticket + c.capacity
         JOIN tickets t ON t.event_id = s.event_id AND t.number = s.number
         WHERE c.event_id = $1 AND c.number = ANY ($2) ORDER BY s.number",
        event.0,
        &sections,
    )
    .map(|row| Seat {
        number: TicketNumber(row.number),
        tier: TierNumber(row.tier),
        row: row.row_label,
        seat: row.seat_label,
        x: row.x,
        y: row.y,
        accessible: row.accessible,
    })
    .fetch_all(connection)
    .await
}

/// The labels of the seats of these sections, by ticket number. Sections without seats are left
/// out.
pub async fn labels(
    connection: &mut PgConnection,
    sections: &[SectionKey],
) -> Result<HashMap<SectionKey, Vec<SeatLabel>>, sqlx::Error> {
    let (events, numbers): (Vec<i32>, Vec<i32>) =
        sections.iter().map(|(event, number)| (event.0, number.0)).unzip();
    let rows = sqlx::query!(
        "SELECT c.event_id, c.number AS section, s.number, s.row_label, s.seat_label
         FROM unnest($1::int[], $2::int[]) AS w (event_id, number)
         JOIN sections c ON c.event_id = w.event_id AND c.number = w.number
         JOIN seats s ON s.event_id = c.event_id AND s.number >= c.first_ticket
                     AND s.number < c.first_ticket + c.capacity
         ORDER BY s.event_id, s.number",
        &events,
        &numbers,
    )
    .fetch_all(connection)
    .await?;
    let mut labels: HashMap<SectionKey, Vec<SeatLabel>> = HashMap::new();
    for row in rows {
        let section = (EventId(row.event_id), SectionNumber(row.section));
        labels.entry(section).or_default().push(SeatLabel {
            number: TicketNumber(row.number),
            row: row.row_label,
            seat: row.seat_label,
        });
    }
    Ok(labels)
}
