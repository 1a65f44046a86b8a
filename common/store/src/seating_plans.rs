//! Reads seating plans, and caches them: the sections, rows and tiers of events.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use moka::sync::Cache;
use sqlx::PgConnection;

use super::lock::SeatingPlans;
use super::names::Named;
use super::pool::Pool;
use booking::domain::{Currency, PlanSection, SeatingPlan, SectionKind};
use booking::ids::{EventId, SectionNumber, TicketNumber, TierNumber};

/// The largest size of the cache, in sections, rows and tiers together: about 50 MB.
const WEIGHT_MAX: u64 = 2_000_000;

/// The seating plans that this process has read. They never change, so one is read again only if
/// the cache has dropped it for lack of space.
#[derive(Debug, Clone)]
pub struct SeatingPlanCache {
    kept: Cache<EventId, Arc<SeatingPlan>>,
}

impl Default for SeatingPlanCache {
    fn default() -> Self {
        let weight = |_: &EventId, plan: &Arc<SeatingPlan>| weight(plan);
        Self { kept: Cache::builder().max_capacity(WEIGHT_MAX).weigher(weight).build() }
    }
}

impl SeatingPlanCache {
    pub fn get(&self, event: EventId) -> Option<Arc<SeatingPlan>> {
        self.kept.get(&event)
    }

    /// The seating plans of these events, read if they are not cached. Unknown events are left out.
    pub async fn find_plans(
        &self,
        pool: &Pool,
        events: &[EventId],
    ) -> Result<SeatingPlans, sqlx::Error> {
        let mut plans = SeatingPlans::new();
        let mut missing = BTreeSet::new();
        for &event in events {
            match self.get(event) {
                Some(plan) => drop(plans.insert(event, plan)),
                None => drop(missing.insert(event)),
            }
        }
        if missing.is_empty() {
            return Ok(plans);
        }
        let missing: Vec<EventId> = missing.into_iter().collect();
        for plan in find(&mut *pool.acquire().await?, &missing).await? {
            let plan = Arc::new(plan);
            self.kept.insert(plan.event, Arc::clone(&plan));
            plans.insert(plan.event, plan);
        }
        Ok(plans)
    }
}

fn weight(plan: &SeatingPlan) -> u32 {
    let of = |section: &PlanSection| 4 + section.tiers.len() + section.rows.len();
    let weight = 4 + plan.sections.iter().map(of).sum::<usize>();
    weight.try_into().unwrap_or(u32::MAX)
}

/// Reads the seating plans of these events; unknown ones are left out.
pub async fn find(
    connection: &mut PgConnection,
    events: &[EventId],
) -> Result<Vec<SeatingPlan>, sqlx::Error> {
    let ids: Vec<i32> = events.iter().map(|event| event.0).collect();
    let rows = sqlx::query!(
        r#"SELECT id, currency AS "currency: Named<Currency>",
                tickets_per_customer IS NOT NULL AS "limits_customers!"
         FROM events WHERE id = ANY ($1)"#,
        &ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut sections = sections(connection, &ids).await?;
    let mut plans = Vec::with_capacity(rows.len());
    for row in rows {
        let event = EventId(row.id);
        plans.push(SeatingPlan {
            event,
            currency: row.currency.into_inner(),
            limits_customers: row.limits_customers,
            sections: sections.remove(&event).unwrap_or_default(),
        });
    }
    Ok(plans)
}

async fn sections(
    connection: &mut PgConnection,
    events: &[i32],
) -> Result<HashMap<EventId, Vec<PlanSection>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT s.event_id, s.number, s.kind::text AS "kind!: Named<SectionKind>", s.first_ticket,
                s.capacity, p.tier_starts, p.tiers, p.row_starts
         FROM sections s JOIN section_plans p ON p.event_id = s.event_id AND p.section = s.number
         WHERE s.event_id = ANY ($1) ORDER BY s.event_id, s.first_ticket"#,
        events,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut sections: HashMap<EventId, Vec<PlanSection>> = HashMap::new();
    for row in rows {
        let starts = row.tier_starts.into_iter().map(TicketNumber);
        sections.entry(EventId(row.event_id)).or_default().push(PlanSection {
            number: SectionNumber(row.number),
            kind: row.kind.into_inner(),
            first_ticket: TicketNumber(row.first_ticket),
            capacity: row.capacity,
            tiers: starts.zip(row.tiers.into_iter().map(TierNumber)).collect(),
            rows: row.row_starts.into_iter().map(TicketNumber).collect(),
        });
    }
    Ok(sections)
}
