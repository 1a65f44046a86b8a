//! What happened, as a log: each change of a reservation or a payment adds a row, in the statement
//! that makes the change. The database refuses to change or remove one. Read here: the present,
//! rebuilt from the log alone.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::names::Named;
use booking::domain::{PaymentStatus, Reason, ReservationStatus, TicketState};
use booking::ids::{EventId, PaymentId, ReservationId, TicketNumber};

/// What the changes of one transaction are put down to.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// The queue whose message is handled.
    pub queue: &'a str,
    /// When it was decided: the database's clock after the locks were taken.
    pub at: DateTime<Utc>,
}

/// A reservation as its last row of history left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub reservation: ReservationId,
    pub revision: i32,
    /// Its state.
    pub status: ReservationStatus,
    /// Until when it holds or held.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it was refused or ended.
    pub reason: Option<Reason>,
    pub tickets: Vec<TicketNumber>,
    /// When it came to this.
    pub changed_at: DateTime<Utc>,
}

/// A ticket that a live reservation holds or owns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Which one. A sound history has each at most once.
    pub ticket: TicketNumber,
    /// Held or sold.
    pub state: TicketState,
    /// To whom.
    pub reservation: ReservationId,
    /// Until when it is held.
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

/// The payments of an event, by id, rebuilt from its history, with whether a refund is due.
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

/// The tickets that these reservations hold or own, by number. A ticket follows its reservation: it
/// is held or sold while that is live, and has no holder otherwise.
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
