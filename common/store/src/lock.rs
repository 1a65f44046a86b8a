//! Locks the rows of a footprint and reads them into a ledger. All transactions lock in the same
//! order, so they cannot wait for each other in a circle.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::names::Named;
use super::pool;
use super::reservations;
use booking::domain::{Currency, PlanSection, SeatingPlan, Terms, TicketState};
use booking::ids::{
    EventId, ReservationId, SectionKey, SectionNumber, TicketKey, TicketNumber, TierNumber,
};
use booking::ledger::{Footprint, Ledger, LockedRows, SectionRow, TicketRow};

/// The seating plans of the events that a footprint names.
pub type SeatingPlans = HashMap<EventId, Arc<SeatingPlan>>;

struct LockedSections {
    now: Option<DateTime<Utc>>,
    sections: BTreeMap<SectionKey, SectionRow>,
    terms: HashMap<EventId, Terms>,
}

/// Locks a footprint in this order: reservations, customers, sections, tickets. What the
/// reservations claim is locked too, so these are read first.
pub(super) async fn lock(
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

/// Locks customers, and counts the tickets of each that are held and not due, being paid, or paid.
/// Customers have no row, so an advisory lock stands for one. If two names have the same hash, they
/// only wait for each other.
async fn lock_customers(
    connection: &mut PgConnection,
    footprint: &Footprint,
) -> Result<HashMap<(EventId, String), i32>, sqlx::Error> {
    if footprint.customers.is_empty() {
        return Ok(HashMap::new());
    }
    let (events, names): (Vec<i32>, Vec<&str>) =
        footprint.customers.iter().map(|(event, name)| (event.0, name.as_str())).unzip();
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(key) FROM (
             SELECT DISTINCT hashtextextended(name, event_id) AS key
             FROM unnest($1::int[], $2::text[]) AS w (event_id, name)
             ORDER BY key
         ) AS keys",
        &events,
        &names as &[&str],
    )
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query!(
        r#"SELECT w.event_id AS "event_id!", w.name AS "name!",
                coalesce(sum(cardinality(r.tickets)), 0)::int AS "tickets!"
         FROM unnest($1::int[], $2::text[]) AS w (event_id, name)
         LEFT JOIN reservations r
           ON r.event_id = w.event_id AND r.customer = w.name AND cardinality(r.tickets) > 0
          AND (r.status IN ('paying', 'confirmed')
               OR (r.status = 'held' AND r.expires_at > clock_timestamp()))
         GROUP BY w.event_id, w.name"#,
        &events,
        &names as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| ((EventId(row.event_id), row.name), row.tickets)).collect())
}

/// Locks sections, and reads the terms of their events and the clock. The clock is read outside of
/// the subquery that locks: Postgres computes the values of a row before it waits for the row's
/// lock, so inside the time could be too early.
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
    let rows = sqlx::query!(
        r#"SELECT locked.event_id, locked.number, locked.version, locked.available, locked.open,
                locked.closed, locked.on_sale_at, locked.starts_at, locked.hold_seconds,
                locked.paying_seconds, locked.tickets_per_reservation, locked.tickets_per_customer,
                locked.currency AS "currency: Named<Currency>",
                date_trunc('milliseconds', clock_timestamp()) AS "now!" FROM (
             SELECT s.event_id, s.number, s.version, s.available,
                    e.open, e.closed, e.on_sale_at, e.starts_at, e.hold_seconds, e.paying_seconds,
                    e.tickets_per_reservation, e.tickets_per_customer, e.currency
             FROM unnest($1::int[], $2::int[]) AS w (event_id, number)
             JOIN sections s ON s.event_id = w.event_id AND s.number = w.number
             JOIN events e ON e.id = s.event_id
             ORDER BY s.event_id, s.number
             FOR NO KEY UPDATE OF s
         ) AS locked"#,
        &events,
        &numbers,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let event = EventId(row.event_id);
        let section = SectionRow { version: row.version, available: row.available };
        locked.sections.insert((event, SectionNumber(row.number)), section);
        // Each row has a time of its own. The latest is after all locks were taken.
        locked.now = locked.now.max(Some(row.now));
        locked.terms.entry(event).or_insert(Terms {
            open: row.open,
            closed: row.closed,
            on_sale_at: row.on_sale_at,
            starts_at: row.starts_at,
            hold_seconds: row.hold_seconds,
            paying_seconds: row.paying_seconds,
            tickets_per_reservation: row.tickets_per_reservation,
            tickets_per_customer: row.tickets_per_customer,
            currency: row.currency.into_inner(),
        });
    }
    Ok(locked)
}

/// A ticket as the queries below read it.
struct TicketRecord {
    event_id: i32,
    number: i32,
    tier: i32,
    price: i64,
    state: Named<TicketState>,
    reservation_id: Option<uuid::Uuid>,
    expires_at: Option<DateTime<Utc>>,
}

impl TicketRecord {
    fn into_entry(self) -> (TicketKey, TicketRow) {
        let key = (EventId(self.event_id), TicketNumber(self.number));
        let row = TicketRow {
            tier: TierNumber(self.tier),
            price: self.price,
            state: self.state.into_inner(),
            reservation: self.reservation_id.map(ReservationId),
            expires_at: self.expires_at,
        };
        (key, row)
    }
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
    let rows = sqlx::query_as!(
        TicketRecord,
        r#"SELECT t.event_id, t.number, t.tier, p.price,
                t.state::text AS "state!: Named<TicketState>", t.reservation_id, t.expires_at
         FROM unnest($1::int[], $2::int[]) AS w (event_id, number)
         JOIN tickets t ON t.event_id = w.event_id AND t.number = w.number
         JOIN tiers p ON p.event_id = t.event_id AND p.number = t.tier
         ORDER BY t.event_id, t.number
         FOR NO KEY UPDATE OF t"#,
        &events,
        &numbers,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(TicketRecord::into_entry).collect())
}

/// Reads the free tickets of a locked section. They need no lock: a transaction that changes them
/// also locks the section, and its update names the state that each ticket leaves.
async fn scan(
    connection: &mut PgConnection,
    event: EventId,
    section: &PlanSection,
    limit: i32,
    now: DateTime<Utc>,
    tickets: &mut BTreeMap<TicketKey, TicketRow>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query_as!(
        TicketRecord,
        r#"SELECT t.event_id, t.number, t.tier, p.price,
                t.state::text AS "state!: Named<TicketState>", t.reservation_id, t.expires_at
         FROM tickets t
         JOIN tiers p ON p.event_id = t.event_id AND p.number = t.tier
         WHERE t.event_id = $1 AND t.number >= $2 AND t.number < $3
           AND (t.state = 'available' OR (t.state = 'held' AND t.expires_at <= $4))
         ORDER BY t.number
         LIMIT $5"#,
        event.0,
        section.first_ticket.0,
        section.first_ticket.0 + section.capacity,
        now,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    for (key, row) in rows.into_iter().map(TicketRecord::into_entry) {
        // A ticket that was locked by number keeps its row.
        tickets.entry(key).or_insert(row);
    }
    Ok(())
}
