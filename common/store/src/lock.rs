//! Locks the rows of a footprint, in the fixed order, and reads them into a ledger.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::events::terms_of;
use super::pool;
use super::reservations;
use booking::domain::{PlanSection, SeatingPlan, Terms, TicketState};
use booking::ids::{
    EventId, ReservationId, SectionKey, SectionNumber, TicketKey, TicketNumber, TierNumber,
};
use booking::ledger::{Footprint, Ledger, LockedRows, SectionRow, TicketRow};
use process::broken::Break;
use process::clock;

/// The seating plans of the events that a footprint names.
pub type SeatingPlans = HashMap<EventId, Arc<SeatingPlan>>;

struct LockedSections {
    now: Option<DateTime<Utc>>,
    sections: BTreeMap<SectionKey, SectionRow>,
    terms: HashMap<EventId, Terms>,
}

/// Locks what a footprint names: reservations, customers, sections, tickets. The claims of the
/// reservations that it finds are locked too.
pub async fn lock(
    connection: &mut PgConnection,
    footprint: &Footprint,
    plans: &SeatingPlans,
) -> Result<Ledger, sqlx::Error> {
    let mut footprint = footprint.clone();
    let reservations = reservations::lock(connection, &footprint.reservations).await?;
    for reservation in reservations.values() {
        if let Some(plan) = plans.get(&reservation.event) {
            footprint.add_claims(reservation, plan);
        }
    }
    let customers = lock_customers(connection, &footprint).await?;
    let LockedSections { now, sections, terms } = lock_sections(connection, &footprint).await?;
    let now = match now {
        _ if Break::ExpiryByTheWorkersClock.is_on() => clock::now(),
        Some(now) => now,
        None => pool::now(connection).await?,
    };
    let mut tickets = lock_tickets(connection, &footprint).await?;
    for key in footprint.scans.keys() {
        let Some(section) = plans[&key.0].section(key.1) else { continue };
        let limit = footprint.scan_limit(key, section);
        scan(connection, key.0, section, limit, now, &mut tickets).await?;
    }
    let plans = plans.clone();
    Ok(Ledger::new(LockedRows { now, plans, terms, reservations, customers, sections, tickets }))
}

/// The query as it is; where the process is broken so on purpose, without its locks.
pub(super) fn locking(query: &'static str) -> &'static str {
    if !Break::NoLock.is_on() {
        return query;
    }
    let (advisory, rows) = ("pg_advisory_xact_lock(key)", "FOR NO KEY UPDATE OF ");
    let mut unlocked = query.replace(advisory, "key");
    if let Some(at) = unlocked.find(rows) {
        unlocked.replace_range(at..=at + rows.len(), "");
    }
    Box::leak(unlocked.into_boxed_str())
}

/// Customers have no row: an advisory lock stands for one, and two names with one hash only wait
/// for each other. Counted are tickets that are held and not due, being paid, or paid.
async fn lock_customers(
    connection: &mut PgConnection,
    footprint: &Footprint,
) -> Result<HashMap<(EventId, String), i32>, sqlx::Error> {
    if footprint.customers.is_empty() {
        return Ok(HashMap::new());
    }
    let (events, names): (Vec<i32>, Vec<&str>) =
        footprint.customers.iter().map(|(event, name)| (event.0, name.as_str())).unzip();
    sqlx::query(locking(
        "SELECT pg_advisory_xact_lock(key) FROM (
             SELECT DISTINCT hashtextextended(name, event_id) AS key
             FROM unnest($1::int[], $2::text[]) AS w (event_id, name)
             ORDER BY key
         ) AS keys",
    ))
    .bind(&events)
    .bind(&names)
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query(
        "SELECT w.event_id, w.name, coalesce(sum(cardinality(r.tickets)), 0)::int AS tickets
         FROM unnest($1::int[], $2::text[]) AS w (event_id, name)
         LEFT JOIN reservations r
           ON r.event_id = w.event_id AND r.customer = w.name AND cardinality(r.tickets) > 0
          AND (r.status IN ('paying', 'confirmed')
               OR (r.status = 'held' AND r.expires_at > clock_timestamp()))
         GROUP BY w.event_id, w.name",
    )
    .bind(&events)
    .bind(&names)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(((EventId(row.try_get(0)?), row.try_get(1)?), row.try_get(2)?)))
        .collect()
}

/// Locks sections, and reads with them the terms of their events and the clock: outside of the
/// query that locks, because a row's values are computed before its lock is waited for.
async fn lock_sections(
    connection: &mut PgConnection,
    footprint: &Footprint,
) -> Result<LockedSections, sqlx::Error> {
    let (events, numbers): (Vec<i32>, Vec<i32>) =
        footprint.sections.iter().map(|(event, number)| (event.0, number.0)).unzip();
    let mut locked = LockedSections { now: None, sections: BTreeMap::new(), terms: HashMap::new() };
    if events.is_empty() {
        return Ok(locked);
    }
    let rows = sqlx::query(locking(
        "SELECT locked.*, date_trunc('milliseconds', clock_timestamp()) AS now FROM (
             SELECT s.event_id, s.number, s.version, s.available,
                    e.open, e.closed, e.on_sale_at, e.starts_at, e.hold_seconds, e.paying_seconds,
                    e.tickets_per_reservation, e.tickets_per_customer, e.currency
             FROM unnest($1::int[], $2::int[]) AS w (event_id, number)
             JOIN sections s ON s.event_id = w.event_id AND s.number = w.number
             JOIN events e ON e.id = s.event_id
             ORDER BY s.event_id, s.number
             FOR NO KEY UPDATE OF s
         ) AS locked",
    ))
    .bind(&events)
    .bind(&numbers)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let event = EventId(row.try_get("event_id")?);
        let section =
            SectionRow { version: row.try_get("version")?, available: row.try_get("available")? };
        locked.sections.insert((event, SectionNumber(row.try_get("number")?)), section);
        locked.now = locked.now.max(Some(row.try_get("now")?));
        if let Entry::Vacant(terms) = locked.terms.entry(event) {
            terms.insert(terms_of(row)?);
        }
    }
    Ok(locked)
}

async fn lock_tickets(
    connection: &mut PgConnection,
    footprint: &Footprint,
) -> Result<BTreeMap<TicketKey, TicketRow>, sqlx::Error> {
    let (events, numbers): (Vec<i32>, Vec<i32>) =
        footprint.tickets.iter().map(|(event, number)| (event.0, number.0)).unzip();
    if events.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query(locking(
        "SELECT t.event_id, t.number, t.tier, p.price, t.state::text, t.reservation_id, t.expires_at
         FROM unnest($1::int[], $2::int[]) AS w (event_id, number)
         JOIN tickets t ON t.event_id = w.event_id AND t.number = w.number
         JOIN tiers p ON p.event_id = t.event_id AND p.number = t.tier
         ORDER BY t.event_id, t.number
         FOR NO KEY UPDATE OF t",
    ))
    .bind(&events)
    .bind(&numbers)
    .fetch_all(connection)
    .await?;
    rows.iter().map(ticket).collect()
}

/// Reads the free tickets of a locked section. They need no lock of their own: whoever changes
/// them holds the section, and the update names the state that it leaves.
async fn scan(
    connection: &mut PgConnection,
    event: EventId,
    section: &PlanSection,
    limit: i32,
    now: DateTime<Utc>,
    tickets: &mut BTreeMap<TicketKey, TicketRow>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(
        "SELECT t.event_id, t.number, t.tier, p.price, t.state::text, t.reservation_id, t.expires_at
         FROM tickets t
         JOIN tiers p ON p.event_id = t.event_id AND p.number = t.tier
         WHERE t.event_id = $1 AND t.number >= $2 AND t.number < $3
           AND (t.state = 'available' OR (t.state = 'held' AND t.expires_at <= $4))
         ORDER BY t.number
         LIMIT $5",
    )
    .bind(event.0)
    .bind(section.first_ticket.0)
    .bind(section.first_ticket.0 + section.capacity)
    .bind(now)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let (key, row) = ticket(row)?;
        tickets.entry(key).or_insert(row);
    }
    Ok(())
}

fn ticket(row: &sqlx::postgres::PgRow) -> Result<(TicketKey, TicketRow), sqlx::Error> {
    let state: &str = row.try_get(4)?;
    let state = TicketState::parse(state)
        .ok_or_else(|| sqlx::Error::Decode(format!("ticket state {state}").into()))?;
    let key = (EventId(row.try_get(0)?), TicketNumber(row.try_get(1)?));
    let reservation: Option<uuid::Uuid> = row.try_get(5)?;
    let row = TicketRow {
        tier: TierNumber(row.try_get(2)?),
        price: row.try_get(3)?,
        state,
        reservation: reservation.map(ReservationId),
        expires_at: row.try_get(6)?,
    };
    Ok((key, row))
}
