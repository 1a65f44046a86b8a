//! A payment as clients see it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use booking::domain::{Payment, PaymentStatus, Reason};
use booking::ids::{EventId, PaymentId, ReservationId};
use chrono::{DateTime, Utc};
use process::clock;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::PaymentPath;
use crate::http::MoneyView;
use crate::http::headers::{ascii, retry_after};

/// An attempt to pay a reservation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    pub id: Uuid,
    pub event: i32,
    /// What it pays.
    pub reservation: Uuid,
    /// `processing`, `succeeded`, `declined`, `failed`, `refunded`.
    #[schema(value_type = String, example = "succeeded")]
    pub status: PaymentStatus,
    /// Why it did not succeed.
    #[schema(value_type = Option<String>)]
    pub reason: Option<Reason>,
    /// What is charged; null while that is not known here.
    pub amount: Option<MoneyView>,
    /// The card's last four digits; null while they are not known here.
    pub card_last4: Option<String>,
    /// When it was accepted; null while that is not known here.
    pub created_at: Option<DateTime<Utc>>,
    /// Now, by the server's clock.
    pub server_now: DateTime<Utc>,
    #[serde(skip)]
    eta_ms: u32,
}

pub(crate) fn render_begun(payment: &Payment, eta_ms: u32) -> PaymentView {
    let is_sized = payment.amount > 0;
    PaymentView {
        id: payment.id.0,
        event: payment.event.0,
        reservation: payment.reservation.0,
        status: payment.status,
        reason: payment.reason,
        amount: is_sized.then(|| payment.money().into()),
        card_last4: Some(payment.card_last4.clone()),
        created_at: Some(payment.created_at),
        server_now: clock::now(),
        eta_ms,
    }
}

/// The view of a payment whose id is issued and that no worker has begun yet.
pub(crate) fn render_pending(
    event: EventId,
    reservation: ReservationId,
    id: PaymentId,
    eta_ms: u32,
) -> PaymentView {
    PaymentView {
        id: id.0,
        event: event.0,
        reservation: reservation.0,
        status: PaymentStatus::Processing,
        reason: None,
        amount: None,
        card_last4: None,
        created_at: None,
        server_now: clock::now(),
        eta_ms,
    }
}

impl PaymentView {
    /// The answer with this status. While the payment is processing, headers say where and when to
    /// read again.
    pub(crate) fn answer(&self, status: StatusCode) -> Response {
        let body = serde_json::to_vec(self).expect("plain data always has a JSON form");
        let media_type = (header::CONTENT_TYPE, "application/json");
        let mut response = (status, [media_type], body).into_response();
        let headers = response.headers_mut();
        if matches!(status, StatusCode::CREATED | StatusCode::ACCEPTED) {
            let path = PaymentPath {
                event: EventId(self.event),
                reservation: ReservationId(self.reservation),
                id: PaymentId(self.id),
            };
            headers.insert(header::LOCATION, ascii(&path.url()));
        }
        if !self.status.is_final() {
            headers.insert(header::RETRY_AFTER, retry_after(self.eta_ms));
        }
        response
    }
}
