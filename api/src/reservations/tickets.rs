//! `GET /events/{event}/reservations/{id}/tickets`, and the QR code of each.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use booking::domain::{Reservation, ReservationStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{ReservationPath, TicketPath};
use crate::http::headers::ascii;
use crate::problem::{Kind, Problem};
use crate::state::{Api, Shared};

/// The tickets of a paid reservation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tickets {
    /// Each of them.
    pub tickets: Vec<Ticket>,
}

/// A ticket that was paid for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Its number within the event.
    pub number: i32,
    /// What it is called, such as "Row C, seat 14".
    pub label: String,
    /// The name of its section.
    pub section: String,
    /// What is checked at the door.
    pub code: String,
    /// Where the code is as a QR image (SVG).
    pub qr: String,
}

/// The tickets, once they are paid
#[utoipa::path(
    get, path = "/api/v1/events/{event}/reservations/{id}/tickets",
    operation_id = "list_tickets", tag = "reservations",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("id" = uuid::Uuid, Path, description = "The reservation"),
    ),
    responses(
        (status = 200, description = "The tickets", body = Tickets),
        (status = 404, description = "Never issued"),
        (status = 409, description = "Not paid: not-confirmed"),
        (status = 503, description = "Cannot be read now"),
    )
)]
pub(crate) async fn tickets(
    State(api): State<Shared>,
    path: ReservationPath,
) -> Result<axum::Json<Tickets>, Problem> {
    let entry = api.event(path.event).await?;
    let reservation = find_confirmed(&api, path).await?;
    let base = path.url();
    let mut tickets = Vec::with_capacity(reservation.tickets.len());
    for number in &reservation.tickets {
        let section = entry.plan.section_of(*number);
        tickets.push(Ticket {
            number: number.0,
            label: api.labels.find_label(&entry, *number).await?,
            section: section
                .map(|section| entry.section_name(section.number).to_owned())
                .unwrap_or_default(),
            code: api.mint.ticket_code(path.event, path.id, number.0),
            qr: format!("{base}/tickets/{number}/qr.svg"),
        });
    }
    Ok(axum::Json(Tickets { tickets }))
}

/// A ticket's code as a QR image
#[utoipa::path(
    get, path = "/api/v1/events/{event}/reservations/{id}/tickets/{ticket}/qr.svg",
    operation_id = "show_ticket_qr", tag = "reservations",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("id" = uuid::Uuid, Path, description = "The reservation"),
        ("ticket" = i32, Path, description = "The ticket"),
    ),
    responses(
        (status = 200, description = "The image", body = String, content_type = "image/svg+xml"),
        (status = 404, description = "Never issued, or not a ticket of it"),
        (status = 409, description = "Not paid: not-confirmed"),
        (status = 503, description = "Cannot be read now"),
    )
)]
pub(crate) async fn qr(State(api): State<Shared>, path: TicketPath) -> Result<Response, Problem> {
    let reservation = ReservationPath { event: path.event, id: path.id };
    let reservation = find_confirmed(&api, reservation).await?;
    if !reservation.tickets.contains(&path.ticket) {
        return Err(Problem::not_found("This reservation has no such ticket."));
    }
    let code = api.mint.ticket_code(path.event, path.id, path.ticket.0);
    let image = qrcode::QrCode::new(&code).expect("16 characters fit into a QR code");
    let svg = image
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(240, 240)
        .quiet_zone(true)
        .build();
    let headers = [
        (header::CONTENT_TYPE, ascii("image/svg+xml")),
        (header::CACHE_CONTROL, ascii("private, max-age=3600")),
        (header::CONTENT_SECURITY_POLICY, ascii("default-src 'none'")),
    ];
    Ok((headers, svg).into_response())
}

async fn find_confirmed(
    api: &Api,
    path: ReservationPath,
) -> Result<std::sync::Arc<Reservation>, Problem> {
    let found = api.reservations.read((path.event, path.id)).await?;
    let status = found.as_ref().map_or(ReservationStatus::Pending, |found| found.status);
    found.filter(|_| status == ReservationStatus::Confirmed).ok_or_else(|| {
        let detail = "There are no tickets unless the reservation is paid.";
        Problem::new(Kind::NotConfirmed, detail).with("state", status)
    })
}
