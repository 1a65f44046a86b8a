//! The OpenAPI document's frame; the routes fill it.

use utoipa::OpenApi;

/// The document.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Boxoffice",
        description = "Ticket booking. Requests are queued and decided in order: POST answers 202 at \
            once, or the decision itself with `Prefer: wait=N`. Every refusal is a problem (RFC 9457); \
            `GET` its `type` for what it means.",
        version = "1",
    ),
    tags(
        (name = "events", description = "What is on, and what is left"),
        (name = "reservations", description = "Asking for tickets, and holding them"),
        (name = "payments", description = "Paying"),
        (name = "problems", description = "What refusals mean"),
        (name = "health", description = "For those who operate it"),
    )
)]
pub struct Document;
