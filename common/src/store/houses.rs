//! Houses: the geometry of events, read once and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{PgConnection, Row};

use super::events::kind_of;
use super::lock::Houses;
use super::pool::Pool;
use crate::domain::{EventId, House, HouseSection, SectionNumber, TicketNumber, TierNumber};

/// How many sections a process keeps, in houses of whatever size: some 50 MB. With more it begins anew.
const SECTIONS_MAX: usize = 500_000;

/// The houses that this process has met. A house never changes, so it is never read again.
#[derive(Debug, Default)]
pub struct HouseCache {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    houses: HashMap<EventId, Arc<House>>,
    sections: usize,
}

impl HouseCache {
    /// A house that was met before.
    pub fn get(&self, event: EventId) -> Option<Arc<House>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).houses.get(&event).cloned()
    }

    /// The houses of these events, read where they are new. Unknown events are left out.
    pub async fn of(&self, pool: &Pool, events: &[EventId]) -> Result<Houses, sqlx::Error> {
        let mut houses = Houses::new();
        for &event in events {
            if houses.contains_key(&event) {
                continue;
            }
            if let Some(house) = self.get(event) {
                houses.insert(event, house);
            } else if let Some(house) = find(&mut *pool.acquire().await?, event).await? {
                let house = Arc::new(house);
                self.keep(&house);
                houses.insert(event, house);
            }
        }
        Ok(houses)
    }

    fn keep(&self, house: &Arc<House>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.sections + house.sections.len() > SECTIONS_MAX {
            *kept = Kept::default();
        }
        kept.sections += house.sections.len();
        if let Some(twin) = kept.houses.insert(house.event, Arc::clone(house)) {
            kept.sections -= twin.sections.len();
        }
    }
}

/// The house of an event; none where there is no such event.
pub async fn find(
    connection: &mut PgConnection,
    event: EventId,
) -> Result<Option<House>, sqlx::Error> {
    let row =
        sqlx::query("SELECT currency, tickets_per_customer IS NOT NULL FROM events WHERE id = $1")
            .bind(event.0)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let currency: &str = row.try_get(0)?;
    let rows = sqlx::query(
        "SELECT s.number, s.kind::text, s.first_ticket, s.capacity FROM sections s
         WHERE s.event_id = $1 ORDER BY s.first_ticket",
    )
    .bind(event.0)
    .fetch_all(&mut *connection)
    .await?;
    let mut sections = Vec::with_capacity(rows.len());
    for row in &rows {
        let (first_ticket, capacity): (i32, i32) = (row.try_get(2)?, row.try_get(3)?);
        let (tiers, rows) = runs(connection, event, first_ticket, capacity).await?;
        sections.push(HouseSection {
            number: SectionNumber(row.try_get(0)?),
            kind: kind_of(row.try_get(1)?),
            first_ticket: TicketNumber(first_ticket),
            capacity,
            tiers,
            rows,
        });
    }
    Ok(Some(House {
        event,
        currency: currency.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        limits_customers: row.try_get(1)?,
        sections,
    }))
}

type Runs = (Vec<(TicketNumber, TierNumber)>, Vec<TicketNumber>);

/// Where the tier and where the row changes along the tickets of a section.
async fn runs(
    connection: &mut PgConnection,
    event: EventId,
    first_ticket: i32,
    capacity: i32,
) -> Result<Runs, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT number, tier, new_tier, new_row FROM (
             SELECT t.number, t.tier, s.number IS NOT NULL AS seated,
                    t.tier IS DISTINCT FROM lag(t.tier) OVER w AS new_tier,
                    s.row_label IS DISTINCT FROM lag(s.row_label) OVER w AS new_row
             FROM tickets t
             LEFT JOIN seats s ON s.event_id = t.event_id AND s.number = t.number
             WHERE t.event_id = $1 AND t.number >= $2 AND t.number < $3
             WINDOW w AS (ORDER BY t.number)
         ) AS along
         WHERE new_tier OR (seated AND new_row) ORDER BY number",
    )
    .bind(event.0)
    .bind(first_ticket)
    .bind(first_ticket + capacity)
    .fetch_all(connection)
    .await?;
    let (mut tiers, mut labelled) = (Vec::new(), Vec::new());
    for row in &rows {
        let number = TicketNumber(row.try_get(0)?);
        if row.try_get(2)? {
            tiers.push((number, TierNumber(row.try_get(1)?)));
        }
        if row.try_get(3)? {
            labelled.push(number);
        }
    }
    Ok((tiers, labelled))
}
