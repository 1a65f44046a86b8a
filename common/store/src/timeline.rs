//! The timeline: what happened to one reservation, for support.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::names::Named;
use super::reservations;
use booking::domain::{PaymentStatus, Reason, Reservation, ReservationStatus};
use booking::ids::{EventId, PaymentId, ReservationId, TicketNumber};

/// A reservation, with the changes of it and of its payments, in order.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Its present state.
    pub reservation: Reservation,
    /// All changes since its first decision.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The time of the decision, by the database's clock.
    pub at: DateTime<Utc>,
    /// The queue whose message caused it.
    pub queue: String,
    /// Why it was refused or has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(flatten)]
    pub subject: Subject,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Subject {
    /// The reservation, and so all its tickets.
    Reservation {
        /// Its revision after the change.
        revision: i32,
        /// The state before; none if it was new.
        from: Option<ReservationStatus>,
        to: ReservationStatus,
        /// The end of the hold after the change.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
        tickets: Vec<TicketNumber>,
        /// If it lost its tickets: a reservation that got some of them in the same transaction.
        #[serde(skip_serializing_if = "Option::is_none")]
        taken_over_by: Option<ReservationId>,
    },
    Payment {
        payment: PaymentId,
        /// The state before; none if it was new.
        from: Option<PaymentStatus>,
        to: PaymentStatus,
        /// It was charged after the hold was lost, so it must be refunded.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        refund_due: bool,
    },
}

/// The time in which to search for changes, because history is ordered by time, not by reservation.
struct Span {
    accepted: DateTime<Utc>,
    decided: DateTime<Utc>,
    paid: DateTime<Utc>,
}

/// The timeline of a reservation; none if it is unknown or not decided yet.
pub async fn of(
    connection: &mut PgConnection,
    event: EventId,
    id: ReservationId,
) -> Result<Option<Timeline>, sqlx::Error> {
    let Some(reservation) = reservations::find(connection, &[(event, id)]).await?.pop() else {
        return Ok(None);
    };
    let mut span = span(connection, event, id).await?;
    let mut changes = of_reservation(connection, event, id, &span).await?;
    let begins =
        |change: &Change| matches!(change.subject, Subject::Reservation { from: None, .. });
    if !changes.first().is_some_and(begins) {
        // The first change is missing, because the front door's clock was far ahead: search all.
        span.accepted = DateTime::UNIX_EPOCH;
        changes = of_reservation(connection, event, id, &span).await?;
    }
    changes.extend(of_payments(connection, event, id, &span).await?);
    // A stable sort: of the same time, changes of payments stay after those of the reservation.
    changes.sort_by_key(|change| change.at);
    Ok(Some(Timeline { reservation, changes }))
}

/// Begins an hour before the acceptance, because the front door's clock may be ahead of the
/// database's.
async fn span(
    connection: &mut PgConnection,
    event: EventId,
    id: ReservationId,
) -> Result<Span, sqlx::Error> {
    sqlx::query_as!(
        Span,
        r#"SELECT r.created_at - interval '1 hour' AS "accepted!", r.updated_at AS decided,
                greatest(r.updated_at, (SELECT max(p.updated_at) FROM payments p
                                        WHERE p.event_id = r.event_id AND p.reservation_id = r.id))
                    AS "paid!"
         FROM reservations r WHERE r.event_id = $1 AND r.id = $2"#,
        event.0,
        id.0,
    )
    .fetch_one(connection)
    .await
}

async fn of_reservation(
    connection: &mut PgConnection,
    event: EventId,
    id: ReservationId,
    span: &Span,
) -> Result<Vec<Change>, sqlx::Error> {
    sqlx::query!(
        r#"SELECT h.at, h.cause, h.reason AS "reason: Named<Reason>", h.revision,
                h.was::text AS "was: Named<ReservationStatus>",
                h.became::text AS "became!: Named<ReservationStatus>", h.expires_at, h.tickets,
                (SELECT o.reservation_id FROM reservation_history o
                 WHERE h.became = 'expired' AND o.at = h.at AND o.cause = h.cause
                   AND o.event_id = h.event_id AND o.reservation_id <> h.reservation_id
                   AND o.became IN ('held', 'paying', 'confirmed') AND o.tickets && h.tickets
                 LIMIT 1) AS taken_over_by
         FROM reservation_history h
         WHERE h.at >= $3 AND h.at <= $4 AND h.event_id = $1 AND h.reservation_id = $2
         ORDER BY h.revision"#,
        event.0,
        id.0,
        span.accepted,
        span.decided,
    )
    .map(|row| Change {
        at: row.at,
        queue: row.cause,
        reason: row.reason.map(Named::into_inner),
        subject: Subject::Reservation {
            revision: row.revision,
            from: row.was.map(Named::into_inner),
            to: row.became.into_inner(),
            expires_at: row.expires_at,
            tickets: row.tickets.into_iter().map(TicketNumber).collect(),
            taken_over_by: row.taken_over_by.map(ReservationId),
        },
    })
    .fetch_all(connection)
    .await
}

async fn of_payments(
    connection: &mut PgConnection,
    event: EventId,
    id: ReservationId,
    span: &Span,
) -> Result<Vec<Change>, sqlx::Error> {
    sqlx::query!(
        r#"SELECT at, cause, reason AS "reason: Named<Reason>", payment_id,
                was::text AS "was: Named<PaymentStatus>",
                became::text AS "became!: Named<PaymentStatus>", refund_due
         FROM payment_history
         WHERE at >= $3 AND at <= $4 AND event_id = $1 AND reservation_id = $2
         ORDER BY at, was NULLS FIRST, became"#,
        event.0,
        id.0,
        span.accepted,
        span.paid,
    )
    .map(|row| Change {
        at: row.at,
        queue: row.cause,
        reason: row.reason.map(Named::into_inner),
        subject: Subject::Payment {
            payment: PaymentId(row.payment_id),
            from: row.was.map(Named::into_inner),
            to: row.became.into_inner(),
            refund_due: row.refund_due,
        },
    })
    .fetch_all(connection)
    .await
}
