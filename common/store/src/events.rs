//! Events as buyers see them: in lists, and by id.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use booking::domain::{Event, Section, SectionKind, Terms, Tier};
use booking::ids::{EventId, SectionNumber, TicketNumber, TierNumber};

/// Where a page of the list of events ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the last event of the page starts.
    pub starts_at: DateTime<Utc>,
    /// Its id.
    pub id: EventId,
}

/// Events that have not ended, soonest first, after a cursor. `limit` is at most what the caller
/// lets through.
pub async fn list(
    connection: &mut PgConnection,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    let ids: Vec<i32> = sqlx::query_scalar(
        "SELECT id FROM events
         WHERE starts_at > now() - interval '1 day'
           AND ($1::timestamptz IS NULL OR (starts_at, id) > ($1, $2))
         ORDER BY starts_at, id LIMIT $3",
    )
    .bind(after.map(|cursor| cursor.starts_at))
    .bind(after.map(|cursor| cursor.id.0))
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    read(connection, &ids).await
}

/// These events; those that there are.
pub async fn find(
    connection: &mut PgConnection,
    ids: &[EventId],
) -> Result<Vec<Event>, sqlx::Error> {
    let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
    read(connection, &ids).await
}

/// The terms of an event's sale, from a row that has its columns.
pub(super) fn terms_of(row: &PgRow) -> Result<Terms, sqlx::Error> {
    let currency: &str = row.try_get("currency")?;
    Ok(Terms {
        open: row.try_get("open")?,
        closed: row.try_get("closed")?,
        on_sale_at: row.try_get("on_sale_at")?,
        starts_at: row.try_get("starts_at")?,
        hold_seconds: row.try_get("hold_seconds")?,
        paying_seconds: row.try_get("paying_seconds")?,
        tickets_per_reservation: row.try_get("tickets_per_reservation")?,
        tickets_per_customer: row.try_get("tickets_per_customer")?,
        currency: currency.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
    })
}

/// Seated or general, from its name in the database.
pub(super) fn kind_of(text: &str) -> SectionKind {
    if text == "seated" { SectionKind::Seated } else { SectionKind::General }
}

async fn read(connection: &mut PgConnection, ids: &[i32]) -> Result<Vec<Event>, sqlx::Error> {
    let events = sqlx::query(
        "SELECT e.* FROM unnest($1::int[]) WITH ORDINALITY AS w (id, place)
         JOIN events e ON e.id = w.id ORDER BY w.place",
    )
    .bind(ids)
    .fetch_all(&mut *connection)
    .await?;
    let mut tiers = tiers(connection, ids).await?;
    let mut sections = sections(connection, ids).await?;
    let event = |row: &PgRow| {
        let id: i32 = row.try_get("id")?;
        Ok(Event {
            id: EventId(id),
            name: row.try_get("name")?,
            venue: row.try_get("venue")?,
            terms: terms_of(row)?,
            tiers: tiers.remove(&id).unwrap_or_default(),
            sections: sections.remove(&id).unwrap_or_default(),
            layout_version: row.try_get("layout_version")?,
        })
    };
    events.iter().map(event).collect()
}

async fn tiers(
    connection: &mut PgConnection,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<Tier>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT event_id, number, name, price FROM tiers
         WHERE event_id = ANY ($1) ORDER BY event_id, number",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let mut tiers: HashMap<i32, Vec<Tier>> = HashMap::new();
    for row in &rows {
        let tier = Tier {
            number: TierNumber(row.try_get(1)?),
            name: row.try_get(2)?,
            price: row.try_get(3)?,
        };
        tiers.entry(row.try_get(0)?).or_default().push(tier);
    }
    Ok(tiers)
}

async fn sections(
    connection: &mut PgConnection,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<Section>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT s.event_id, s.number, s.name, s.kind::text, s.first_ticket, s.capacity,
                s.available, s.version, s.tiers
         FROM sections s WHERE s.event_id = ANY ($1) ORDER BY s.event_id, s.number",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let mut sections: HashMap<i32, Vec<Section>> = HashMap::new();
    for row in &rows {
        let tiers: Vec<i32> = row.try_get(8)?;
        let section = Section {
            number: SectionNumber(row.try_get(1)?),
            name: row.try_get(2)?,
            kind: kind_of(row.try_get(3)?),
            tiers: tiers.into_iter().map(TierNumber).collect(),
            first_ticket: TicketNumber(row.try_get(4)?),
            capacity: row.try_get(5)?,
            available: row.try_get(6)?,
            version: row.try_get(7)?,
        };
        sections.entry(row.try_get(0)?).or_default().push(section);
    }
    Ok(sections)
}
