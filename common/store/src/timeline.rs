//! What happened to one reservation, for support.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::names::Named;
use super::reservations;
use booking::domain::{PaymentStatus, Reason, Reservation, ReservationStatus};
use booking::ids::{EventId, PaymentId, ReservationId, TicketNumber};

/// A reservation, and each change of it and of its payments, in order.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// As it is now.
    pub reservation: Reservation,
    /// What happened since it was decided first.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When it was decided, by the database's clock.
    pub at: DateTime<Utc>,
    /// The queue whose message caused it.
    pub queue: String,
    /// Why it was refused or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What changed.
    #[serde(flatten)]
    pub subject: Subject,
}

/// What a change is a change of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Subject {
    /// The reservation, and so all its tickets.
    Reservation {
        /// Its revision from then on.
        revision: i32,
        /// The state that it left; none where it was new.
        from: Option<ReservationStatus>,
        /// The state that it came into.
        to: ReservationStatus,
        /// When the hold runs out or ran out, from then on.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
        tickets: Vec<TicketNumber>,
        /// Who had tickets of it in the same transaction, where it lost them.
        #[serde(skip_serializing_if = "Option::is_none")]
        taken_over_by: Option<ReservationId>,
    },
    Payment {
        payment: PaymentId,
        /// The state that it left; none where it was new.
        from: Option<PaymentStatus>,
        /// The state that it came into.
        to: PaymentStatus,
        /// Charged after the hold was lost: to be given back.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        refund_due: bool,
    },
}

/// When to look for the changes of a reservation: history is ordered by time, not by reservation.
struct Span {
    accepted: DateTime<Utc>,
    decided: DateTime<Utc>,
    paid: DateTime<Utc>,
}

/// The timeline of a reservation; none where it is not decided, or never was asked for.
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
        // The clock of the front door was far ahead.
        span.accepted = DateTime::UNIX_EPOCH;
        changes = of_reservation(connection, event, id, &span).await?;
    }
    changes.extend(of_payments(connection, event, id, &span).await?);
    // Of one moment, what a payment became comes after what the reservation became.
    changes.sort_by_key(|change| change.at);
    Ok(Some(Timeline { reservation, changes }))
}

/// The front door's clock may be ahead of the database's: an hour is allowed for.
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
