//! Reservations: read, locked, written; always many at once.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::history::Cause;
use super::lock::locking;
use super::pool::{Failure, exactly};
use booking::domain::{Reason, Reservation, ReservationStatus};
use booking::ids::{EventId, ReservationId, ReservationKey, TicketNumber};

/// The query for the reservations of some keys, and how it ends.
macro_rules! select {
    ($end:literal) => {
        concat!(
            "SELECT r.event_id, r.id, r.revision, r.status::text, r.fingerprint, r.created_at,
                    r.expires_at, r.frozen, r.currency, r.customer, r.reason, r.tickets, r.prices,
                    r.conflicts
             FROM unnest($1::int[], $2::uuid[]) AS w (event_id, id)
             JOIN reservations r ON r.event_id = w.event_id AND r.id = w.id",
            $end
        )
    };
}

/// The reservations of these keys that exist.
pub async fn find(
    connection: &mut PgConnection,
    keys: &[ReservationKey],
) -> Result<Vec<Reservation>, sqlx::Error> {
    let (events, ids) = columns(keys);
    let rows = sqlx::query(select!("")).bind(&events).bind(&ids).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Locks the reservations of these keys that exist, by id.
pub(super) async fn lock(
    connection: &mut PgConnection,
    keys: &BTreeSet<ReservationKey>,
) -> Result<HashMap<ReservationKey, Reservation>, sqlx::Error> {
    let keys: Vec<ReservationKey> = keys.iter().copied().collect();
    let (events, ids) = columns(&keys);
    let query = locking(select!(" ORDER BY r.event_id, r.id FOR NO KEY UPDATE OF r"));
    let rows = sqlx::query(query).bind(&events).bind(&ids).fetch_all(connection).await?;
    let keyed = |row| read(row).map(|one| ((one.event, one.id), one));
    rows.iter().map(keyed).collect()
}

/// Inserts new reservations, by id, and their history. A conflict where one exists by now: another
/// worker decided it.
pub(super) async fn insert(
    connection: &mut PgConnection,
    new: &[Reservation],
    cause: Cause<'_>,
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let column = Columns::of(new.iter());
    let done = sqlx::query(
        "WITH new AS (
             INSERT INTO reservations
                 (event_id, id, revision, status, fingerprint, created_at, expires_at, frozen,
                  currency, customer, reason, tickets, prices, conflicts, updated_at)
             SELECT w.event_id, w.id, w.revision, w.status::reservation_status, w.fingerprint,
                    w.created_at, w.expires_at, w.frozen, w.currency, w.customer, w.reason,
                    ($16::int[])[w.ticket : w.last_ticket],
                    ($17::bigint[])[w.ticket : w.last_ticket],
                    ($18::int[])[w.conflict : w.last_conflict], $19
             FROM unnest($1::int[], $2::uuid[], $3::int[], $4::text[], $5::bigint[],
                         $6::timestamptz[], $7::timestamptz[], $8::bool[], $9::text[], $10::text[],
                         $11::text[], $12::int[], $13::int[], $14::int[], $15::int[])
                  AS w (event_id, id, revision, status, fingerprint, created_at, expires_at, frozen,
                        currency, customer, reason, ticket, last_ticket, conflict, last_conflict)
             ON CONFLICT DO NOTHING
             RETURNING updated_at, id, event_id, revision, status, expires_at, reason, tickets
         )
         INSERT INTO reservation_history
             (at, reservation_id, event_id, revision, became, expires_at, cause, reason, tickets)
         SELECT updated_at, id, event_id, revision, status, expires_at, $20, reason, tickets
         FROM new",
    )
    .bind(&column.events)
    .bind(&column.ids)
    .bind(&column.revisions)
    .bind(&column.statuses)
    .bind(&column.fingerprints)
    .bind(&column.created)
    .bind(&column.expires)
    .bind(&column.frozen)
    .bind(&column.currencies)
    .bind(&column.customers)
    .bind(&column.reasons)
    .bind(&column.tickets.first)
    .bind(&column.tickets.last)
    .bind(&column.conflicts.first)
    .bind(&column.conflicts.last)
    .bind(&column.tickets.values)
    .bind(&column.prices)
    .bind(&column.conflicts.values)
    .bind(cause.at)
    .bind(cause.queue)
    .execute(connection)
    .await?;
    exactly(new.len(), done.rows_affected())
}

/// Updates locked reservations, each from the state that it leaves, and adds to their history.
pub(super) async fn update(
    connection: &mut PgConnection,
    changed: &[(ReservationStatus, Reservation)],
    cause: Cause<'_>,
) -> Result<(), Failure> {
    if changed.is_empty() {
        return Ok(());
    }
    let from: Vec<&str> = changed.iter().map(|(from, _)| from.as_str()).collect();
    let column = Columns::of(changed.iter().map(|(_, reservation)| reservation));
    let done = sqlx::query(
        "WITH moved AS (
             UPDATE reservations r
             SET revision = w.revision, status = w.status::reservation_status, updated_at = $8,
                 expires_at = w.expires_at, frozen = w.frozen, reason = w.reason
             FROM unnest($1::int[], $2::uuid[], $3::int[], $4::text[], $5::timestamptz[],
                         $6::bool[], $7::text[], $9::text[])
                  AS w (event_id, id, revision, status, expires_at, frozen, reason, old_status)
             WHERE r.event_id = w.event_id AND r.id = w.id
               AND r.status = w.old_status::reservation_status AND r.revision < w.revision
             RETURNING r.updated_at, r.id, r.event_id, r.revision, w.old_status, r.status,
                       r.expires_at, r.reason, r.tickets
         )
         INSERT INTO reservation_history
             (at, reservation_id, event_id, revision, was, became, expires_at, cause, reason,
              tickets)
         SELECT updated_at, id, event_id, revision, old_status::reservation_status, status,
                expires_at, $10, reason, tickets
         FROM moved",
    )
    .bind(&column.events)
    .bind(&column.ids)
    .bind(&column.revisions)
    .bind(&column.statuses)
    .bind(&column.expires)
    .bind(&column.frozen)
    .bind(&column.reasons)
    .bind(cause.at)
    .bind(&from)
    .bind(cause.queue)
    .execute(connection)
    .await?;
    exactly(changed.len(), done.rows_affected())
}

/// Lists of each row one after the other in one array, and where each row's part is (from 1).
#[derive(Default)]
struct Ragged {
    values: Vec<i32>,
    first: Vec<i32>,
    last: Vec<i32>,
}

impl Ragged {
    fn push(&mut self, list: &[TicketNumber]) {
        self.first.push(self.values.len() as i32 + 1);
        self.values.extend(list.iter().map(|ticket| ticket.0));
        self.last.push(self.values.len() as i32);
    }
}

/// The columns of many reservations: one array each, because one statement writes them all.
#[derive(Default)]
struct Columns<'a> {
    events: Vec<i32>,
    ids: Vec<uuid::Uuid>,
    revisions: Vec<i32>,
    statuses: Vec<&'static str>,
    fingerprints: Vec<i64>,
    created: Vec<DateTime<Utc>>,
    expires: Vec<Option<DateTime<Utc>>>,
    frozen: Vec<bool>,
    currencies: Vec<&'a str>,
    customers: Vec<Option<&'a str>>,
    reasons: Vec<Option<&'static str>>,
    tickets: Ragged,
    prices: Vec<i64>,
    conflicts: Ragged,
}

impl<'a> Columns<'a> {
    fn of(reservations: impl Iterator<Item = &'a Reservation>) -> Self {
        let mut columns = Self::default();
        for one in reservations {
            columns.events.push(one.event.0);
            columns.ids.push(one.id.0);
            columns.revisions.push(one.revision);
            columns.statuses.push(one.status.as_str());
            columns.fingerprints.push(one.fingerprint);
            columns.created.push(one.created_at);
            columns.expires.push(one.expires_at);
            columns.frozen.push(one.frozen);
            columns.currencies.push(one.currency.as_str());
            columns.customers.push(one.customer.as_deref());
            columns.reasons.push(one.reason.map(Reason::as_str));
            columns.tickets.push(&one.tickets);
            columns.prices.extend(&one.prices);
            columns.conflicts.push(&one.conflicts);
        }
        columns
    }
}

fn columns(keys: &[ReservationKey]) -> (Vec<i32>, Vec<uuid::Uuid>) {
    keys.iter().map(|(event, id)| (event.0, id.0)).unzip()
}

fn read(row: &PgRow) -> Result<Reservation, sqlx::Error> {
    let odd = |text: &str| sqlx::Error::Decode(format!("unknown name {text}").into());
    let numbers = |list: Vec<i32>| list.into_iter().map(TicketNumber).collect();
    let (status, currency): (&str, &str) = (row.try_get("status")?, row.try_get("currency")?);
    let reason: Option<&str> = row.try_get("reason")?;
    Ok(Reservation {
        event: EventId(row.try_get("event_id")?),
        id: ReservationId(row.try_get("id")?),
        revision: row.try_get("revision")?,
        status: ReservationStatus::parse(status).ok_or_else(|| odd(status))?,
        customer: row.try_get("customer")?,
        tickets: numbers(row.try_get("tickets")?),
        prices: row.try_get("prices")?,
        currency: currency.parse().map_err(|_| odd(currency))?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        frozen: row.try_get("frozen")?,
        reason: reason.map(|text| Reason::parse(text).ok_or_else(|| odd(text))).transpose()?,
        conflicts: numbers(row.try_get("conflicts")?),
        fingerprint: row.try_get("fingerprint")?,
    })
}
