//! Writes what a decision changed. The statements that change tickets and sections are here, those
//! that change reservations in [`reservations`]. Each statement names the states that the rows
//! leave, and must change exactly the expected number of rows. Otherwise the transaction is rolled
//! back as a conflict.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::history::Cause;
use super::pool::{Failure, exactly};
use super::reservations;
use super::transaction::Transaction;
use booking::ledger::{Changes, SectionMove, TicketMove};

/// Writes the changes of a ledger, and their history.
pub async fn write(transaction: &mut Transaction, changes: &Changes) -> Result<(), Failure> {
    let connection = transaction.connection();
    move_tickets(connection, &changes.tickets).await?;
    move_sections(connection, &changes.sections).await?;
    let outcomes = &changes.outcomes;
    let cause = Cause { queue: &outcomes.queue, at: outcomes.decided_at };
    reservations::update(connection, &changes.updated, cause).await?;
    reservations::insert(connection, &changes.inserted, cause).await
}

async fn move_tickets(connection: &mut PgConnection, moves: &[TicketMove]) -> Result<(), Failure> {
    if moves.is_empty() {
        return Ok(());
    }
    let events: Vec<i32> = moves.iter().map(|moved| moved.event.0).collect();
    let numbers: Vec<i32> = moves.iter().map(|moved| moved.number.0).collect();
    let from: Vec<&str> = moves.iter().map(|moved| moved.from.as_str()).collect();
    let to: Vec<&str> = moves.iter().map(|moved| moved.to.as_str()).collect();
    let reservations: Vec<_> = moves.iter().map(|moved| moved.reservation.map(|id| id.0)).collect();
    let expires: Vec<_> = moves.iter().map(|moved| moved.expires_at).collect();
    let done = sqlx::query!(
        "UPDATE tickets t
         SET state = w.state::ticket_state, reservation_id = w.reservation_id,
             expires_at = w.expires_at
         FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[])
              AS w (event_id, number, old_state, state, reservation_id, expires_at)
         WHERE t.event_id = w.event_id AND t.number = w.number
           AND t.state = w.old_state::ticket_state",
        &events,
        &numbers,
        &from as &[&str],
        &to as &[&str],
        &reservations as &[Option<Uuid>],
        &expires as &[Option<DateTime<Utc>>],
    )
    .execute(connection)
    .await?;
    exactly(moves.len(), done.rows_affected())
}

async fn move_sections(
    connection: &mut PgConnection,
    moves: &[SectionMove],
) -> Result<(), Failure> {
    if moves.is_empty() {
        return Ok(());
    }
    let events: Vec<i32> = moves.iter().map(|moved| moved.event.0).collect();
    let numbers: Vec<i32> = moves.iter().map(|moved| moved.number.0).collect();
    let versions: Vec<i64> = moves.iter().map(|moved| moved.from_version).collect();
    let by: Vec<i32> = moves.iter().map(|moved| moved.available_by).collect();
    let done = sqlx::query!(
        "UPDATE sections s
         SET version = s.version + 1, available = s.available + w.available_by
         FROM unnest($1::int[], $2::int[], $3::bigint[], $4::int[])
              AS w (event_id, number, old_version, available_by)
         WHERE s.event_id = w.event_id AND s.number = w.number AND s.version = w.old_version",
        &events,
        &numbers,
        &versions,
        &by,
    )
    .execute(connection)
    .await?;
    exactly(moves.len(), done.rows_affected())
}
