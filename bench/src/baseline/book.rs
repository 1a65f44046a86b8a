//! One booking: one transaction of four round trips.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use booking::domain::SeatingPlan;
use booking::ids::{EventId, ReservationId, TicketNumber};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::error::DatabaseError;

use super::Baseline;

/// How often a transaction that Postgres chose as the deadlock's victim is retried.
const TRIES_MAX: usize = 5;

#[derive(Debug)]
pub(super) enum Booked {
    Held(Hold),
    /// The tickets that other reservations hold.
    Taken(Vec<i32>),
    /// There are no such tickets.
    Unknown,
}

#[derive(Debug)]
pub(super) struct Hold {
    pub(super) id: ReservationId,
    pub(super) prices: Vec<i64>,
    pub(super) currency: String,
    pub(super) now: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

impl Baseline {
    /// Books tickets. They must be ascending and distinct.
    pub(super) async fn book(
        &self,
        event: EventId,
        customer: &str,
        tickets: &[i32],
    ) -> Result<Booked> {
        let plan = self.plans.find_plans(&self.pool, &[event]).await?;
        let Some(plan) = plan.get(&event) else { return Ok(Booked::Unknown) };
        let Some(sections) = sections(plan, tickets) else { return Ok(Booked::Unknown) };
        let mut tries = 1;
        loop {
            match self.transact(event, customer, tickets, &sections).await {
                Err(error) if tries < TRIES_MAX && is_deadlock(&error) => tries += 1,
                done => return done.context("a booking failed"),
            }
        }
    }

    async fn transact(
        &self,
        event: EventId,
        customer: &str,
        tickets: &[i32],
        sections: &BTreeMap<i32, i32>,
    ) -> Result<Booked, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(
            "SELECT t.number, t.state::text, p.price, e.hold_seconds, e.currency,
                    date_trunc('milliseconds', clock_timestamp())
             FROM tickets t
             JOIN tiers p ON p.event_id = t.event_id AND p.number = t.tier
             JOIN events e ON e.id = t.event_id AND e.open AND NOT e.closed
              AND e.on_sale_at <= now() AND e.starts_at > now()
             WHERE t.event_id = $1 AND t.number = ANY ($2)
             ORDER BY t.number
             FOR UPDATE OF t",
        )
        .bind(event.0)
        .bind(tickets)
        .fetch_all(&mut *transaction)
        .await?;
        let Some(first) = rows.first().filter(|_| rows.len() == tickets.len()) else {
            return Ok(Booked::Unknown);
        };
        let mut taken = Vec::new();
        let mut prices = Vec::new();
        for row in &rows {
            let (number, state): (i32, &str) = (row.try_get(0)?, row.try_get(1)?);
            if state != "available" {
                taken.push(number);
            }
            prices.push(row.try_get(2)?);
        }
        if !taken.is_empty() {
            transaction.rollback().await?;
            return Ok(Booked::Taken(taken));
        }
        let (hold_seconds, currency): (i32, String) = (first.try_get(3)?, first.try_get(4)?);
        let now: DateTime<Utc> = first.try_get(5)?;
        let expires_at = now + TimeDelta::seconds(i64::from(hold_seconds));
        let id = self.mint.fresh(event, now);
        let hold = Hold { id, prices, currency, now, expires_at };
        write(&mut transaction, event, customer, tickets, sections, &hold).await?;
        transaction.commit().await?;
        Ok(Booked::Held(hold))
    }
}

/// Writes all three tables in one statement. The tickets are locked already. The row of a section,
/// which many bookings need, is locked last and so for the shortest time.
async fn write(
    connection: &mut sqlx::PgConnection,
    event: EventId,
    customer: &str,
    tickets: &[i32],
    sections: &BTreeMap<i32, i32>,
    hold: &Hold,
) -> Result<(), sqlx::Error> {
    let (numbers, counts): (Vec<i32>, Vec<i32>) = sections.iter().unzip();
    sqlx::query(
        "WITH reserved AS (
             INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                                       updated_at, expires_at, currency, customer, tickets, prices)
             VALUES ($1, $2, 1, 'held', 0, $3, $3, $4, $5, $6, $7, $8)
         ), held AS (
             UPDATE tickets SET state = 'held', reservation_id = $2, expires_at = $4
             WHERE event_id = $1 AND number = ANY ($7)
         )
         UPDATE sections s SET version = s.version + 1, available = s.available - w.taken
         FROM unnest($9::int[], $10::int[]) AS w (number, taken)
         WHERE s.event_id = $1 AND s.number = w.number",
    )
    .bind(event.0)
    .bind(hold.id.0)
    .bind(hold.now)
    .bind(hold.expires_at)
    .bind(&hold.currency)
    .bind(customer)
    .bind(tickets)
    .bind(&hold.prices)
    .bind(&numbers)
    .bind(&counts)
    .execute(connection)
    .await?;
    Ok(())
}

/// The number of tickets in each section. None if a ticket is in no section.
fn sections(plan: &SeatingPlan, tickets: &[i32]) -> Option<BTreeMap<i32, i32>> {
    let mut sections = BTreeMap::new();
    for ticket in tickets {
        *sections.entry(plan.section_of(TicketNumber(*ticket))?.number.0).or_default() += 1;
    }
    (!sections.is_empty()).then_some(sections)
}

fn is_deadlock(error: &sqlx::Error) -> bool {
    // 40P01: deadlock_detected; 55P03: lock_not_available (postgresql.org/docs, appendix A).
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| code == "40P01" || code == "55P03")
}
