//! Reads, locks and writes reservations, many in one statement.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::history::Cause;
use super::names::Named;
use super::pool::{Failure, exactly};
use booking::domain::{Currency, Reason, Reservation, ReservationStatus};
use booking::ids::{EventId, ReservationId, ReservationKey, TicketNumber};

/// Selects reservations by their keys. `$end` is the end of the statement: order and lock.
macro_rules! select {
    ($events:expr, $ids:expr, $end:literal) => {
        sqlx::query_as!(
            ReservationRow,
            r#"SELECT r.event_id, r.id, r.revision,
                    r.status::text AS "status!: Named<ReservationStatus>", r.fingerprint,
                    r.created_at, r.expires_at, r.frozen,
                    r.currency AS "currency: Named<Currency>", r.customer,
                    r.reason AS "reason: Named<Reason>", r.tickets, r.prices, r.conflicts
             FROM unnest($1::int[], $2::uuid[]) AS w (event_id, id)
             JOIN reservations r ON r.event_id = w.event_id AND r.id = w.id"#
                + $end,
            $events,
            $ids,
        )
        .map(Reservation::from)
    };
}

/// The reservations with these keys; unknown ones are left out.
pub async fn find(
    connection: &mut PgConnection,
    keys: &[ReservationKey],
) -> Result<Vec<Reservation>, sqlx::Error> {
    let (events, ids) = columns(keys.iter());
    select!(&events, &ids, "").fetch_all(connection).await
}

/// Locks the reservations with these keys that exist, in order of their ids.
pub(super) async fn lock(
    connection: &mut PgConnection,
    keys: &BTreeSet<ReservationKey>,
) -> Result<HashMap<ReservationKey, Reservation>, sqlx::Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (events, ids) = columns(keys.iter());
    let found = select!(&events, &ids, "\n ORDER BY r.event_id, r.id\n FOR NO KEY UPDATE OF r")
        .fetch_all(connection)
        .await?;
    Ok(found.into_iter().map(|one| ((one.event, one.id), one)).collect())
}

/// Inserts new reservations, in order of their ids, and their history. A conflict if one exists
/// already, because another worker has decided it in the meantime.
pub(super) async fn insert(
    connection: &mut PgConnection,
    new: &[Reservation],
    cause: Cause<'_>,
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let column = Columns::of(new.iter());
    let done = sqlx::query!(
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
        &column.events,
        &column.ids,
        &column.revisions,
        &column.statuses as &[&str],
        &column.fingerprints,
        &column.created,
        &column.expires as &[Option<DateTime<Utc>>],
        &column.frozen,
        &column.currencies as &[&str],
        &column.customers as &[Option<&str>],
        &column.reasons as &[Option<&str>],
        &column.tickets.first,
        &column.tickets.last,
        &column.conflicts.first,
        &column.conflicts.last,
        &column.tickets.values,
        &column.prices,
        &column.conflicts.values,
        cause.at,
        cause.queue,
    )
    .execute(connection)
    .await?;
    exactly(new.len(), done.rows_affected())
}

/// Updates locked reservations, and adds the changes to their history. Each comes with the state
/// that it leaves; a conflict if a row has another state.
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
    let done = sqlx::query!(
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
        &column.events,
        &column.ids,
        &column.revisions,
        &column.statuses as &[&str],
        &column.expires as &[Option<DateTime<Utc>>],
        &column.frozen,
        &column.reasons as &[Option<&str>],
        cause.at,
        &from as &[&str],
        cause.queue,
    )
    .execute(connection)
    .await?;
    exactly(changed.len(), done.rows_affected())
}

/// The lists of many rows, joined into one array, with the first and last index of each row's part.
/// Indexes count from 1, as in Postgres, which has no arrays of arrays of different lengths.
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

/// The values of many reservations, one array for each column, because one statement writes all.
#[derive(Default)]
struct Columns<'a> {
    events: Vec<i32>,
    ids: Vec<Uuid>,
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

fn columns<'a>(keys: impl Iterator<Item = &'a ReservationKey>) -> (Vec<i32>, Vec<Uuid>) {
    keys.map(|(event, id)| (event.0, id.0)).unzip()
}

struct ReservationRow {
    event_id: i32,
    id: Uuid,
    revision: i32,
    status: Named<ReservationStatus>,
    fingerprint: i64,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    frozen: bool,
    currency: Named<Currency>,
    customer: Option<String>,
    reason: Option<Named<Reason>>,
    tickets: Vec<i32>,
    prices: Vec<i64>,
    conflicts: Vec<i32>,
}

impl From<ReservationRow> for Reservation {
    fn from(row: ReservationRow) -> Self {
        Self {
            event: EventId(row.event_id),
            id: ReservationId(row.id),
            revision: row.revision,
            status: row.status.into_inner(),
            customer: row.customer,
            tickets: row.tickets.into_iter().map(TicketNumber).collect(),
            prices: row.prices,
            currency: row.currency.into_inner(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            frozen: row.frozen,
            reason: row.reason.map(Named::into_inner),
            conflicts: row.conflicts.into_iter().map(TicketNumber).collect(),
            fingerprint: row.fingerprint,
        }
    }
}
