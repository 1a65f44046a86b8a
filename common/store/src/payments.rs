//! Payments: read, locked, written; many at once.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::history::Cause;
use super::pool::{Failure, exactly};
use booking::domain::{CardBehaviour, Payment, PaymentStatus, Reason};
use booking::ids::{EventId, PaymentId, ReservationId};

/// A payment's key.
pub type PaymentKey = (EventId, PaymentId);

/// The payments of these keys that exist. A payment changes only under the lock of its
/// reservation, so within that lock what is read here stands.
pub async fn find(
    connection: &mut PgConnection,
    keys: &[PaymentKey],
) -> Result<HashMap<PaymentKey, Payment>, sqlx::Error> {
    let (events, ids): (Vec<i32>, Vec<uuid::Uuid>) =
        keys.iter().map(|(event, id)| (event.0, id.0)).unzip();
    let rows = sqlx::query(
        "SELECT p.event_id, p.id, p.reservation_id, p.status::text, p.amount, p.currency, p.card,
                p.card_last4, p.reason, p.refund_due, p.fingerprint, p.created_at
         FROM unnest($1::int[], $2::uuid[]) AS w (event_id, id)
         JOIN payments p ON p.event_id = w.event_id AND p.id = w.id",
    )
    .bind(&events)
    .bind(&ids)
    .fetch_all(connection)
    .await?;
    let keyed = |row| read(row).map(|one| ((one.event, one.id), one));
    rows.iter().map(keyed).collect()
}

/// Inserts new payments and their history. A conflict where one exists by now: another worker began
/// it.
pub async fn insert(
    connection: &mut PgConnection,
    new: &[Payment],
    cause: Cause<'_>,
) -> Result<(), Failure> {
    for payment in new {
        let done = sqlx::query(
            "WITH new AS (
                 INSERT INTO payments
                     (event_id, id, reservation_id, status, amount, currency, card, card_last4,
                      reason, refund_due, fingerprint, created_at, updated_at)
                 VALUES ($1, $2, $3, $4::payment_status, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 ON CONFLICT (event_id, id) DO NOTHING
                 RETURNING *
             )
             INSERT INTO payment_history
                 (at, payment_id, reservation_id, event_id, became, refund_due, cause, reason)
             SELECT updated_at, id, reservation_id, event_id, status, refund_due, $14, reason
             FROM new",
        )
        .bind(payment.event.0)
        .bind(payment.id.0)
        .bind(payment.reservation.0)
        .bind(payment.status.as_str())
        .bind(payment.amount)
        .bind(payment.currency.as_str())
        .bind(payment.card.as_str())
        .bind(&payment.card_last4)
        .bind(payment.reason.map(Reason::as_str))
        .bind(payment.refund_due)
        .bind(payment.fingerprint)
        .bind(payment.created_at)
        .bind(cause.at)
        .bind(cause.queue)
        .execute(&mut *connection)
        .await?;
        exactly(1, done.rows_affected())?;
    }
    Ok(())
}

/// Moves a payment that is processing to what it has become, and adds to its history.
pub async fn update(
    connection: &mut PgConnection,
    payment: &Payment,
    cause: Cause<'_>,
) -> Result<(), Failure> {
    let done = sqlx::query(
        "WITH moved AS (
             UPDATE payments
             SET status = $3::payment_status, reason = $4, refund_due = $5, updated_at = $6
             WHERE event_id = $1 AND id = $2 AND status = 'processing'
             RETURNING *
         )
         INSERT INTO payment_history
             (at, payment_id, reservation_id, event_id, was, became, refund_due, cause, reason)
         SELECT updated_at, id, reservation_id, event_id, 'processing', status, refund_due, $7,
                reason
         FROM moved",
    )
    .bind(payment.event.0)
    .bind(payment.id.0)
    .bind(payment.status.as_str())
    .bind(payment.reason.map(Reason::as_str))
    .bind(payment.refund_due)
    .bind(cause.at)
    .bind(cause.queue)
    .execute(connection)
    .await?;
    exactly(1, done.rows_affected())
}

fn read(row: &PgRow) -> Result<Payment, sqlx::Error> {
    let odd = |text: &str| sqlx::Error::Decode(format!("unknown name {text}").into());
    let (status, card): (&str, &str) = (row.try_get("status")?, row.try_get("card")?);
    let currency: &str = row.try_get("currency")?;
    let reason: Option<&str> = row.try_get("reason")?;
    Ok(Payment {
        event: EventId(row.try_get("event_id")?),
        id: PaymentId(row.try_get("id")?),
        reservation: ReservationId(row.try_get("reservation_id")?),
        status: PaymentStatus::parse(status).ok_or_else(|| odd(status))?,
        amount: row.try_get("amount")?,
        currency: currency.parse().map_err(|_| odd(currency))?,
        card: CardBehaviour::parse(card).ok_or_else(|| odd(card))?,
        card_last4: row.try_get("card_last4")?,
        reason: reason.map(|text| Reason::parse(text).ok_or_else(|| odd(text))).transpose()?,
        refund_due: row.try_get("refund_due")?,
        created_at: row.try_get("created_at")?,
        fingerprint: row.try_get("fingerprint")?,
    })
}
