//! Whether the process is alive, and whether it can accept requests.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::Shared;

/// Whether requests can be taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Requests can be taken.
    pub ready: bool,
    /// What stands in the way: `broker`, `draining`.
    pub missing: Vec<String>,
    /// Outcomes come in. Without them, waiting clients are answered from the database.
    pub outcomes: bool,
}

/// The process lives
#[utoipa::path(
    get, path = "/livez",
    operation_id = "live", tag = "health",
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain"))
)]
pub(crate) async fn live() -> &'static str {
    "live\n"
}

/// Requests can be taken: the broker is there. Postgres is not needed for that
#[utoipa::path(
    get, path = "/readyz",
    operation_id = "ready", tag = "health",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not now", body = Readiness),
    )
)]
pub(crate) async fn ready(State(api): State<Shared>) -> Response {
    let mut missing = Vec::new();
    if !api.desk.is_open() {
        missing.push("broker".to_owned());
    }
    if api.is_draining() {
        missing.push("draining".to_owned());
    }
    let ready = missing.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Readiness { ready, missing, outcomes: api.outcomes.boards.is_live() };
    (status, Json(body)).into_response()
}
