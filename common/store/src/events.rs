//! Events as buyers see them: as a list, and by id.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::names::Named;
use booking::domain::{Currency, Event, Section, SectionKind, Terms, Tier};
use booking::ids::{EventId, SectionNumber, TicketNumber, TierNumber};

/// The end of a page of the list of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The start of the last event of the page.
    pub starts_at: DateTime<Utc>,
    pub id: EventId,
}

/// Events that have not ended, soonest first, after a cursor. The caller must bound `limit`.
pub async fn list(
    connection: &mut PgConnection,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM events
         WHERE starts_at > now() - interval '1 day'
           AND ($1::timestamptz IS NULL OR (starts_at, id) > ($1, $2))
         ORDER BY starts_at, id LIMIT $3",
        after.map(|cursor| cursor.starts_at),
        after.map(|cursor| cursor.id.0),
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    read(connection, &ids).await
}

/// These events; unknown ones are left out.
pub async fn find(
    connection: &mut PgConnection,
    ids: &[EventId],
) -> Result<Vec<Event>, sqlx::Error> {
    let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
    read(connection, &ids).await
}

async fn read(connection: &mut PgConnection, ids: &[i32]) -> Result<Vec<Event>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT e.id, e.name, e.venue, e.open, e.closed, e.on_sale_at, e.starts_at,
                e.hold_seconds, e.paying_seconds, e.tickets_per_reservation,
                e.tickets_per_customer,
                e.currency AS "currency: Named<Currency>", e.layout_version
         FROM unnest($1::int[]) WITH ORDINALITY AS w (id, place)
         JOIN events e ON e.id = w.id ORDER BY w.place"#,
        ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut tiers = tiers(connection, ids).await?;
    let mut sections = sections(connection, ids).await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let terms = Terms {
            open: row.open,
            closed: row.closed,
            on_sale_at: row.on_sale_at,
            starts_at: row.starts_at,
            hold_seconds: row.hold_seconds,
            paying_seconds: row.paying_seconds,
            tickets_per_reservation: row.tickets_per_reservation,
            tickets_per_customer: row.tickets_per_customer,
            currency: row.currency.into_inner(),
        };
        events.push(Event {
            id: EventId(row.id),
            name: row.name,
            venue: row.venue,
            terms,
            tiers: tiers.remove(&row.id).unwrap_or_default(),
            sections: sections.remove(&row.id).unwrap_or_default(),
            layout_version: row.layout_version,
        });
    }
    Ok(events)
}

async fn tiers(
    connection: &mut PgConnection,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<Tier>>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT event_id, number, name, price FROM tiers
         WHERE event_id = ANY ($1) ORDER BY event_id, number",
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut tiers: HashMap<i32, Vec<Tier>> = HashMap::new();
    for row in rows {
        let tier = Tier { number: TierNumber(row.number), name: row.name, price: row.price };
        tiers.entry(row.event_id).or_default().push(tier);
    }
    Ok(tiers)
}

async fn sections(
    connection: &mut PgConnection,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<Section>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT s.event_id, s.number, s.name, s.kind::text AS "kind!: Named<SectionKind>",
                s.first_ticket, s.capacity, s.available, s.version, s.tiers
         FROM sections s WHERE s.event_id = ANY ($1) ORDER BY s.event_id, s.number"#,
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut sections: HashMap<i32, Vec<Section>> = HashMap::new();
    for row in rows {
        let section = Section {
            number: SectionNumber(row.number),
            name: row.name,
            kind: row.kind.into_inner(),
            tiers: row.tiers.into_iter().map(TierNumber).collect(),
            first_ticket: TicketNumber(row.first_ticket),
            capacity: row.capacity,
            available: row.available,
            version: row.version,
        };
        sections.entry(row.event_id).or_default().push(section);
    }
    Ok(sections)
}
