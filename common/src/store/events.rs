//! Events as buyers see them: lists, one event, its layout and what is taken.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::domain::{
    Event, EventId, Section, SectionKind, SectionNumber, Terms, TicketNumber, TicketState, Tier,
    TierNumber,
};

/// A seat of a layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    /// Its ticket.
    pub number: TicketNumber,
    /// Its tier.
    pub tier: TierNumber,
    /// The row's label.
    pub row: String,
    /// The seat's label.
    pub seat: String,
    /// Metres to the right of the stage's middle.
    pub x: f32,
    /// Metres from the stage.
    pub y: f32,
    /// Reserved for people who need it.
    pub accessible: bool,
}

/// What is taken in a section at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionState {
    /// Its number.
    pub number: SectionNumber,
    /// Its version.
    pub version: i64,
    /// How many tickets are available.
    pub available: i32,
    /// The tickets that are not available, ascending: state and until when held.
    pub taken: Vec<(TicketNumber, TicketState, Option<DateTime<Utc>>)>,
}

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

/// One event; none where there is no such event.
pub async fn find(
    connection: &mut PgConnection,
    id: EventId,
) -> Result<Option<Event>, sqlx::Error> {
    Ok(read(connection, &[id.0]).await?.pop())
}

/// The layout's version and its seats by section; general sections have none.
pub async fn layout(
    connection: &mut PgConnection,
    id: EventId,
) -> Result<Option<(i32, Vec<Seat>)>, sqlx::Error> {
    let version: Option<i32> =
        sqlx::query_scalar("SELECT layout_version FROM events WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(version) = version else { return Ok(None) };
    let rows = sqlx::query(
        "SELECT s.number, t.tier, s.row_label, s.seat_label, s.x, s.y, s.accessible
         FROM seats s JOIN tickets t ON t.event_id = s.event_id AND t.number = s.number
         WHERE s.event_id = $1 ORDER BY s.number",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    let seat = |row: &PgRow| {
        Ok(Seat {
            number: TicketNumber(row.try_get(0)?),
            tier: TierNumber(row.try_get(1)?),
            row: row.try_get(2)?,
            seat: row.try_get(3)?,
            x: row.try_get(4)?,
            y: row.try_get(5)?,
            accessible: row.try_get(6)?,
        })
    };
    let seats: Result<_, sqlx::Error> = rows.iter().map(seat).collect();
    Ok(Some((version, seats?)))
}

/// What is taken in some sections of an event (all where `only` is none), each at its version. One
/// statement, so the version and the tickets are of one moment.
pub async fn availability(
    connection: &mut PgConnection,
    id: EventId,
    only: Option<&[SectionNumber]>,
) -> Result<Vec<SectionState>, sqlx::Error> {
    let only: Option<Vec<i32>> = only.map(|sections| sections.iter().map(|s| s.0).collect());
    let rows = sqlx::query(
        "SELECT s.number, s.version, s.available, t.numbers, t.states, t.expires
         FROM sections s, LATERAL (
             SELECT coalesce(array_agg(number ORDER BY number), '{}') AS numbers,
                    coalesce(array_agg(state::text ORDER BY number), '{}') AS states,
                    coalesce(array_agg(expires_at ORDER BY number), '{}') AS expires
             FROM tickets t
             WHERE t.event_id = s.event_id AND t.state <> 'available'
               AND t.number >= s.first_ticket AND t.number < s.first_ticket + s.capacity
         ) AS t
         WHERE s.event_id = $1 AND ($2::int[] IS NULL OR s.number = ANY ($2))
         ORDER BY s.number",
    )
    .bind(id.0)
    .bind(only)
    .fetch_all(connection)
    .await?;
    rows.iter().map(section_state).collect()
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

fn section_state(row: &PgRow) -> Result<SectionState, sqlx::Error> {
    let (numbers, states): (Vec<i32>, Vec<String>) = (row.try_get(3)?, row.try_get(4)?);
    let expires: Vec<Option<DateTime<Utc>>> = row.try_get(5)?;
    let taken = numbers.into_iter().zip(&states).zip(expires).map(|((number, state), until)| {
        (TicketNumber(number), TicketState::parse(state).unwrap_or(TicketState::Blocked), until)
    });
    Ok(SectionState {
        number: SectionNumber(row.try_get(0)?),
        version: row.try_get(1)?,
        available: row.try_get(2)?,
        taken: taken.collect(),
    })
}
