//! The charges that the dummy gateway has recorded. A real gateway records its own; only the dummy
//! and the audit read these.

use sqlx::PgConnection;
use uuid::Uuid;

use super::names::Named;
use booking::domain::{Money, Reason};

/// What the gateway has recorded under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRecord {
    /// Why nothing was captured; none if the charge was captured.
    pub refused: Option<Reason>,
    /// How often this charge was called, with this call.
    pub calls: i32,
    /// The amount of the first call.
    pub amount: i64,
}

/// Records a charge, or finds the one that is recorded under this key: the answer of the first call
/// never changes.
pub async fn record(
    connection: &mut PgConnection,
    attempt: Uuid,
    reservation: Uuid,
    money: Money,
    refused: Option<Reason>,
) -> Result<ChargeRecord, sqlx::Error> {
    let row = sqlx::query!(
        r#"INSERT INTO gateway.charges (attempt, reservation, amount, currency, captured, refused)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (attempt) DO UPDATE SET calls = charges.calls + 1
         RETURNING refused AS "refused: Named<Reason>", calls, amount"#,
        attempt,
        reservation,
        money.amount,
        money.currency.as_str(),
        refused.is_none(),
        refused.map(Reason::as_str),
    )
    .fetch_one(connection)
    .await?;
    Ok(ChargeRecord {
        refused: row.refused.map(Named::into_inner),
        calls: row.calls,
        amount: row.amount,
    })
}

/// Whether another attempt for this reservation was refused for this reason.
pub async fn was_refused(
    connection: &mut PgConnection,
    attempt: Uuid,
    reservation: Uuid,
    reason: Reason,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM gateway.charges
                        WHERE reservation = $2 AND attempt <> $1 AND refused = $3) AS "exists!""#,
        attempt,
        reservation,
        reason.as_str(),
    )
    .fetch_one(connection)
    .await
}

/// Refunds a captured charge; a repeated call has no further effect. False if nothing was captured
/// under this key.
pub async fn refund(connection: &mut PgConnection, attempt: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE gateway.charges SET refunded_at = coalesce(refunded_at, clock_timestamp())
         WHERE attempt = $1 AND captured",
        attempt,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
