//! `GET /events/{event}`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use process::clock;

use super::view::{self, EventView};
use crate::extract::EventPath;
use crate::problem::Problem;
use crate::state::Shared;

/// One event
#[utoipa::path(
    get, path = "/api/v1/events/{event}",
    operation_id = "show_event", tag = "events",
    params(("event" = i32, Path, minimum = 1, example = 1, description = "The event")),
    responses(
        (status = 200, description = "The event", body = EventView),
        (status = 404, description = "No such event"),
        (status = 503, description = "Cannot be read now; see Retry-After"),
    )
)]
pub(crate) async fn show(
    State(api): State<Shared>,
    EventPath(id): EventPath,
) -> Result<Response, Problem> {
    let entry = api.event(id).await?;
    let board = api.outcomes.boards.known(&entry).await;
    Ok(axum::Json(view::render_event(&entry.event, board.as_deref(), clock::now())).into_response())
}
