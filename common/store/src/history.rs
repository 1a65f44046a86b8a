//! History: the log of changes. The statement that changes a reservation or a payment also adds a
//! row to it. The database refuses to change or remove such a row. The functions here rebuild the
//! present from the log alone.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::names::Named;
use booking::domain::{PaymentStatus, Reason, ReservationStatus, TicketState};
use booking::ids::{EventId, PaymentId, ReservationId, TicketNumber};

/// What history records as the cause of a transaction's changes.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// The queue whose message was handled.
    pub queue: &'a str,
    /// The time of the decision: the database's clock after the locks were taken.
    pub at: DateTime<Utc>,
}

/// A reservation after its last row of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub reservation: ReservationId,
    pub revision: i32,
    pub status: ReservationStatus,
    /// The end of its hold, also if that has passed.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it was refused or has ended.
    pub reason: Option<Reason>,
    pub tickets: Vec<TicketNumber>,
    /// The time of the last change.
    pub changed_at: DateTime<Utc>,
}

/// A ticket that a live reservation holds or owns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// In a correct history, each ticket has at most one claim.
    pub ticket: TicketNumber,
    /// Held or sold.
    pub state: TicketState,
    pub reservation: ReservationId,
    /// The end of the hold; none if it is sold.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The reservations of an event, by id, rebuilt from its history.
pub async fn reservations(
    connection: &mut PgConnection,
    event: EventId,
) -> Result<Vec<Standing>, sqlx::Error> {
    sqlx::query!(
        r#"SELECT DISTINCT ON (reservation_id)
                reservation_id, revision, became::text AS "became!: Named<ReservationStatus>",
                expires_at, reason AS "reason: Named<Reason>", tickets, at
         FROM reservation_history WHERE event_id = $1
         ORDER BY reservation_id, revision DESC"#,
        event.0,
    )
    .map(|row| Standing {
        reservation: ReservationId(row.reservation_id),
        revision: row.revision,
        status: row.became.into_inner(),
        expires_at: row.expires_at,
        reason: row.reason.map(Named::into_inner),
        tickets: row.tickets.into_iter().map(TicketNumber).collect(),
        changed_at: row.at,
    })
    .fetch_all(connection)
    .await
}

/// The payments of an event, by id, rebuilt from its history: state, and whether a refund is due.
pub async fn payments(
    connection: &mut PgConnection,
    event: EventId,
) -> Result<Vec<(PaymentId, PaymentStatus, bool)>, sqlx::Error> {
    sqlx::query!(
        r#"SELECT DISTINCT ON (payment_id)
                payment_id, became::text AS "became!: Named<PaymentStatus>", refund_due
         FROM payment_history WHERE event_id = $1
         ORDER BY payment_id, at DESC, became DESC, refund_due DESC"#,
        event.0,
    )
    .map(|row| (PaymentId(row.payment_id), row.became.into_inner(), row.refund_due))
    .fetch_all(connection)
    .await
}

/// The tickets that these reservations hold or own, by number. A ticket is held or sold while its
/// reservation is live, and has no holder otherwise.
pub fn claims(reservations: &[Standing]) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    for one in reservations {
        let (state, expires_at) = match one.status {
            ReservationStatus::Held | ReservationStatus::Paying => {
                (TicketState::Held, one.expires_at)
            }
            ReservationStatus::Confirmed => (TicketState::Sold, None),
            _ => continue,
        };
        let claim = |ticket: &TicketNumber| Claim {
            ticket: *ticket,
            state,
            reservation: one.reservation,
            expires_at,
        };
        claims.extend(one.tickets.iter().map(claim));
    }
    claims.sort_unstable();
    claims
}
