//! Reads and writes payments, many in one statement.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::history::Cause;
use super::names::Named;
use super::pool::{Failure, exactly};
use super::transaction::Transaction;
use booking::domain::{CardBehaviour, Currency, Payment, PaymentStatus, Reason};
use booking::ids::{EventId, PaymentId, ReservationId};

pub type PaymentKey = (EventId, PaymentId);

/// The payments with these keys; unknown ones are left out. A payment changes only while its
/// reservation is locked, so it stays as read as long as the caller holds that lock.
pub async fn find(
    connection: &mut PgConnection,
    keys: &[PaymentKey],
) -> Result<HashMap<PaymentKey, Payment>, sqlx::Error> {
    let (events, ids): (Vec<i32>, Vec<Uuid>) =
        keys.iter().map(|(event, id)| (event.0, id.0)).unzip();
    let payments = sqlx::query!(
        r#"SELECT p.event_id, p.id, p.reservation_id,
                p.status::text AS "status!: Named<PaymentStatus>", p.amount,
                p.currency AS "currency: Named<Currency>",
                p.card AS "card: Named<CardBehaviour>", p.card_last4,
                p.reason AS "reason: Named<Reason>", p.refund_due, p.fingerprint, p.created_at
         FROM unnest($1::int[], $2::uuid[]) AS w (event_id, id)
         JOIN payments p ON p.event_id = w.event_id AND p.id = w.id"#,
        &events,
        &ids,
    )
    .map(|row| Payment {
        event: EventId(row.event_id),
        id: PaymentId(row.id),
        reservation: ReservationId(row.reservation_id),
        status: row.status.into_inner(),
        amount: row.amount,
        currency: row.currency.into_inner(),
        card: row.card.into_inner(),
        card_last4: row.card_last4,
        reason: row.reason.map(Named::into_inner),
        refund_due: row.refund_due,
        created_at: row.created_at,
        fingerprint: row.fingerprint,
    })
    .fetch_all(connection)
    .await?;
    Ok(payments.into_iter().map(|payment| ((payment.event, payment.id), payment)).collect())
}

/// Inserts new payments and their history. A conflict if one exists already, because another worker
/// has begun it in the meantime.
pub async fn insert(
    transaction: &mut Transaction,
    new: &[Payment],
    cause: Cause<'_>,
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let column = Columns::of(new);
    let done = sqlx::query!(
        "WITH new AS (
             INSERT INTO payments
                 (event_id, id, reservation_id, status, amount, currency, card, card_last4,
                  reason, refund_due, fingerprint, created_at, updated_at)
             SELECT w.event_id, w.id, w.reservation_id, w.status::payment_status, w.amount,
                    w.currency, w.card, w.card_last4, w.reason, w.refund_due, w.fingerprint,
                    w.created_at, $13
             FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[],
                         $7::text[], $8::text[], $9::text[], $10::bool[], $11::bigint[],
                         $12::timestamptz[])
                  AS w (event_id, id, reservation_id, status, amount, currency, card, card_last4,
                        reason, refund_due, fingerprint, created_at)
             ON CONFLICT (event_id, id) DO NOTHING
             RETURNING updated_at, id, reservation_id, event_id, status, refund_due, reason
         )
         INSERT INTO payment_history
             (at, payment_id, reservation_id, event_id, became, refund_due, cause, reason)
         SELECT updated_at, id, reservation_id, event_id, status, refund_due, $14, reason
         FROM new",
        &column.events,
        &column.ids,
        &column.reservations,
        &column.statuses as &[&str],
        &column.amounts,
        &column.currencies as &[&str],
        &column.cards as &[&str],
        &column.cards_last4 as &[&str],
        &column.reasons as &[Option<&str>],
        &column.refunds_due,
        &column.fingerprints,
        &column.created,
        cause.at,
        cause.queue,
    )
    .execute(transaction.connection())
    .await?;
    exactly(new.len(), done.rows_affected())
}

/// Updates payments that are processing, and adds the changes to their history. A conflict if one
/// of them is no longer processing.
pub async fn update(
    transaction: &mut Transaction,
    changed: &[Payment],
    cause: Cause<'_>,
) -> Result<(), Failure> {
    if changed.is_empty() {
        return Ok(());
    }
    let column = Columns::of(changed);
    let done = sqlx::query!(
        "WITH moved AS (
             UPDATE payments p
             SET status = w.status::payment_status, reason = w.reason, refund_due = w.refund_due,
                 updated_at = $6
             FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::bool[])
                  AS w (event_id, id, status, reason, refund_due)
             WHERE p.event_id = w.event_id AND p.id = w.id AND p.status = 'processing'
             RETURNING p.updated_at, p.id, p.reservation_id, p.event_id, p.status, p.refund_due,
                       p.reason
         )
         INSERT INTO payment_history
             (at, payment_id, reservation_id, event_id, was, became, refund_due, cause, reason)
         SELECT updated_at, id, reservation_id, event_id, 'processing', status, refund_due, $7,
                reason
         FROM moved",
        &column.events,
        &column.ids,
        &column.statuses as &[&str],
        &column.reasons as &[Option<&str>],
        &column.refunds_due,
        cause.at,
        cause.queue,
    )
    .execute(transaction.connection())
    .await?;
    exactly(changed.len(), done.rows_affected())
}

/// The values of many payments, one array for each column, because one statement writes them all.
#[derive(Default)]
struct Columns<'a> {
    events: Vec<i32>,
    ids: Vec<Uuid>,
    reservations: Vec<Uuid>,
    statuses: Vec<&'static str>,
    amounts: Vec<i64>,
    currencies: Vec<&'a str>,
    cards: Vec<&'static str>,
    cards_last4: Vec<&'a str>,
    reasons: Vec<Option<&'static str>>,
    refunds_due: Vec<bool>,
    fingerprints: Vec<i64>,
    created: Vec<DateTime<Utc>>,
}

impl<'a> Columns<'a> {
    fn of(payments: &'a [Payment]) -> Self {
        let mut columns = Self::default();
        for one in payments {
            columns.events.push(one.event.0);
            columns.ids.push(one.id.0);
            columns.reservations.push(one.reservation.0);
            columns.statuses.push(one.status.as_str());
            columns.amounts.push(one.amount);
            columns.currencies.push(one.currency.as_str());
            columns.cards.push(one.card.as_str());
            columns.cards_last4.push(&one.card_last4);
            columns.reasons.push(one.reason.map(Reason::as_str));
            columns.refunds_due.push(one.refund_due);
            columns.fingerprints.push(one.fingerprint);
            columns.created.push(one.created_at);
        }
        columns
    }
}
