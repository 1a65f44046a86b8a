//! A reservation as clients see it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use booking::domain::{Money, Reason, Reservation, ReservationStatus};
use booking::ids::{EventId, ReservationId};
use chrono::{DateTime, Utc};
use process::clock;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::ReservationPath;
use crate::http::MoneyView;
use crate::http::headers::{ascii, retry_after};
use crate::reads::{Away, Entry, by_number};
use crate::state::Api;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(crate) struct ReservationView {
    /// Its id. Who has it, has the reservation.
    pub id: Uuid,
    pub event: i32,
    /// Whose it is; null while that is not known here.
    pub customer: Option<String>,
    /// `pending`, `held`, `paying`, `confirmed`, `rejected`, `cancelled`, `expired`, `refunded`.
    #[schema(value_type = String, example = "held")]
    pub status: ReservationStatus,
    /// Rises with every change of state; 0 while pending.
    pub revision: i32,
    /// What it holds or held; empty while pending and when refused.
    pub tickets: Vec<TicketView>,
    /// What all of them cost.
    pub total: MoneyView,
    /// When it was accepted; null while that is not known here.
    pub created_at: Option<DateTime<Utc>>,
    /// When its hold runs out or ran out.
    pub expires_at: Option<DateTime<Utc>>,
    /// The same, counted from now: 0 when it is over. Only while held or paying.
    pub expires_in_ms: Option<i64>,
    /// Now, by the server's clock.
    pub server_now: DateTime<Utc>,
    /// Why it was refused or ended.
    #[schema(value_type = Option<String>)]
    pub reason: Option<Reason>,
    /// The wished tickets that were not free, where it was refused for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<i32>,
    /// Only while pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueView>,
}

/// A ticket of a reservation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservedTicket)]
pub(crate) struct TicketView {
    /// Its number within the event.
    pub number: i32,
    /// What it is called, such as "Row C, seat 14".
    pub label: String,
    /// The number of its section.
    pub section: i32,
    /// The number of its tier.
    pub tier: i32,
    /// What it costs, fixed when the hold was made.
    pub price: MoneyView,
}

/// The queue, as a request that waits in it sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(crate) struct QueueView {
    /// When to expect the decision, counted from now, in milliseconds.
    pub eta_ms: u32,
}

pub(crate) async fn render_decided(
    api: &Api,
    entry: &Entry,
    reservation: &Reservation,
) -> ReservationView {
    let now = clock::now();
    let (status, reason) = reservation.state_at(now);
    let is_running = matches!(status, ReservationStatus::Held | ReservationStatus::Paying);
    let left = reservation.expires_at.filter(|_| is_running);
    ReservationView {
        id: reservation.id.0,
        event: reservation.event.0,
        customer: reservation.customer.clone(),
        status,
        revision: reservation.revision,
        tickets: render_tickets(api, entry, reservation).await,
        total: reservation.total().into(),
        created_at: Some(reservation.created_at),
        expires_at: reservation.expires_at,
        expires_in_ms: left.map(|at| (at - now).num_milliseconds().max(0)),
        server_now: now,
        reason,
        conflicts: reservation.conflicts.iter().map(|ticket| ticket.0).collect(),
        queue: None,
    }
}

/// The view of a reservation whose id is issued and that is not decided yet, with what this process
/// knows of it.
pub(crate) fn render_pending(
    entry: &Entry,
    id: ReservationId,
    known: Option<(&str, DateTime<Utc>)>,
    eta_ms: u32,
) -> ReservationView {
    let currency = entry.event.terms.currency;
    ReservationView {
        id: id.0,
        event: entry.event.id.0,
        customer: known.map(|(customer, _)| customer.to_owned()),
        status: ReservationStatus::Pending,
        revision: 0,
        tickets: Vec::new(),
        total: Money { amount: 0, currency }.into(),
        created_at: known.map(|(_, created_at)| created_at),
        expires_at: None,
        expires_in_ms: None,
        server_now: clock::now(),
        reason: None,
        conflicts: Vec::new(),
        queue: Some(QueueView { eta_ms }),
    }
}

impl ReservationView {
    /// The answer with this status. While the reservation is pending, headers say where and when to
    /// read again.
    pub(crate) fn answer(&self, status: StatusCode) -> Response {
        let body = serde_json::to_vec(self).expect("plain data always has a JSON form");
        let media_type = (header::CONTENT_TYPE, "application/json");
        let mut response = (status, [media_type], body).into_response();
        let headers = response.headers_mut();
        if matches!(status, StatusCode::CREATED | StatusCode::ACCEPTED) {
            let path = ReservationPath { event: EventId(self.event), id: ReservationId(self.id) };
            headers.insert(header::LOCATION, ascii(&path.url()));
        }
        if let Some(queue) = &self.queue {
            headers.insert(header::RETRY_AFTER, retry_after(queue.eta_ms));
        }
        response
    }

    pub(crate) fn is_final(&self) -> bool {
        self.status.is_final()
    }
}

async fn render_tickets(api: &Api, entry: &Entry, reservation: &Reservation) -> Vec<TicketView> {
    let mut is_away = false;
    let mut views = Vec::with_capacity(reservation.tickets.len());
    for (ticket, price) in reservation.tickets.iter().zip(&reservation.prices) {
        let Some(section) = entry.plan.section_of(*ticket) else { continue };
        // After the first failed read, the other labels are not read: each would wait for the
        // time-out. Those tickets get their number as label.
        let label = if is_away { Err(Away) } else { api.labels.find_label(entry, *ticket).await };
        is_away = label.is_err();
        views.push(TicketView {
            number: ticket.0,
            label: label.unwrap_or_else(|_| by_number(*ticket)),
            section: section.number.0,
            tier: section.tier_of(*ticket).map_or(0, |tier| tier.0),
            price: Money { amount: *price, currency: reservation.currency }.into(),
        });
    }
    views
}
