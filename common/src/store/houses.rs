//! Houses: the geometry of events, read once and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::events::kind_of;
use super::lock::Houses;
use super::pool::Pool;
use crate::decide::SectionKey;
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
        let mut missing = Vec::new();
        for &event in events {
            if houses.contains_key(&event) || missing.contains(&event) {
                continue;
            }
            match self.get(event) {
                Some(house) => drop(houses.insert(event, house)),
                None => missing.push(event),
            }
        }
        if missing.is_empty() {
            return Ok(houses);
        }
        for house in find(&mut *pool.acquire().await?, &missing).await? {
            let house = Arc::new(house);
            self.keep(&house);
            houses.insert(house.event, house);
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

/// The houses of these events; those that there are.
pub async fn find(
    connection: &mut PgConnection,
    events: &[EventId],
) -> Result<Vec<House>, sqlx::Error> {
    let ids: Vec<i32> = events.iter().map(|event| event.0).collect();
    let rows = sqlx::query(
        "SELECT id, currency, tickets_per_customer IS NOT NULL FROM events WHERE id = ANY ($1)",
    )
    .bind(&ids)
    .fetch_all(&mut *connection)
    .await?;
    let mut sections = sections(connection, &ids).await?;
    let house = |row: &PgRow| {
        let event = EventId(row.try_get(0)?);
        let currency: &str = row.try_get(1)?;
        Ok(House {
            event,
            currency: currency.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            limits_customers: row.try_get(2)?,
            sections: sections.remove(&event).unwrap_or_default(),
        })
    };
    rows.iter().map(house).collect()
}

async fn sections(
    connection: &mut PgConnection,
    events: &[i32],
) -> Result<HashMap<EventId, Vec<HouseSection>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT s.event_id, s.number, s.kind::text, s.first_ticket, s.capacity FROM sections s
         WHERE s.event_id = ANY ($1) ORDER BY s.event_id, s.first_ticket",
    )
    .bind(events)
    .fetch_all(&mut *connection)
    .await?;
    let mut runs = runs(connection, events).await?;
    let mut sections: HashMap<EventId, Vec<HouseSection>> = HashMap::new();
    for row in &rows {
        let (event, number) = (EventId(row.try_get(0)?), SectionNumber(row.try_get(1)?));
        let (tiers, rows) = runs.remove(&(event, number)).unwrap_or_default();
        sections.entry(event).or_default().push(HouseSection {
            number,
            kind: kind_of(row.try_get(2)?),
            first_ticket: TicketNumber(row.try_get(3)?),
            capacity: row.try_get(4)?,
            tiers,
            rows,
        });
    }
    Ok(sections)
}

type Runs = (Vec<(TicketNumber, TierNumber)>, Vec<TicketNumber>);

/// Where the tier and where the row changes along the tickets of each section.
async fn runs(
    connection: &mut PgConnection,
    events: &[i32],
) -> Result<HashMap<SectionKey, Runs>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT event_id, section, number, tier, new_tier, new_row FROM (
             SELECT t.event_id, c.number AS section, t.number, t.tier, s.number IS NOT NULL AS seated,
                    t.tier IS DISTINCT FROM lag(t.tier) OVER w AS new_tier,
                    s.row_label IS DISTINCT FROM lag(s.row_label) OVER w AS new_row
             FROM sections c
             JOIN tickets t ON t.event_id = c.event_id AND t.number >= c.first_ticket
                           AND t.number < c.first_ticket + c.capacity
             LEFT JOIN seats s ON s.event_id = t.event_id AND s.number = t.number
             WHERE c.event_id = ANY ($1)
             WINDOW w AS (PARTITION BY t.event_id, c.number ORDER BY t.number)
         ) AS along
         WHERE new_tier OR (seated AND new_row) ORDER BY event_id, number",
    )
    .bind(events)
    .fetch_all(connection)
    .await?;
    let mut all: HashMap<SectionKey, Runs> = HashMap::new();
    for row in &rows {
        let key = (EventId(row.try_get(0)?), SectionNumber(row.try_get(1)?));
        let (tiers, labelled) = all.entry(key).or_default();
        let number = TicketNumber(row.try_get(2)?);
        if row.try_get(4)? {
            tiers.push((number, TierNumber(row.try_get(3)?)));
        }
        if row.try_get(5)? {
            labelled.push(number);
        }
    }
    Ok(all)
}
