//! `GET /events/{event}/stream`

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures::StreamExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::board::{EventBoard, SeatsEvent};
use crate::extract::EventPath;
use crate::http::Counted;
use crate::http::event_stream::{self, StreamKind};
use crate::problem::Problem;
use crate::state::Shared;

struct Seats {
    frames: Receiver<Bytes>,
    board: Arc<EventBoard>,
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

/// The seats, live
///
/// Events named `availability` say which tickets changed, section by section and version by
/// version; gathered, at most ten a second. `Last-Event-ID` goes on where a client was. `resync`,
/// or a version that does not follow the one that is known, means: read the availability again.
#[utoipa::path(
    get, path = "/api/v1/events/{event}/stream",
    operation_id = "stream_seats", tag = "events",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen"),
    ),
    responses(
        (status = 200, description = "Server-sent events", body = SeatsEvent,
         content_type = "text/event-stream"),
        (status = 404, description = "No such event"),
        (status = 503, description = "Too many streams, or the server stops; see Retry-After"),
    )
)]
pub(crate) async fn stream(
    State(api): State<Shared>,
    EventPath(id): EventPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let entry = api.event(id).await?;
    let full = || Problem::unavailable("No more streams can be opened now.", 5);
    let permit = api.outcomes.permit_wait().ok_or_else(full)?;
    let board = api.outcomes.boards.obtain_board(&entry).ok_or_else(full)?;
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let stream = board.stream(seen).ok_or_else(full)?;
    let retry = Bytes::from_static(b"retry: 2000\n\n");
    let first = std::iter::once(retry).chain(stream.first).map(Ok);
    let first = futures::stream::iter(first);
    let seats = Seats {
        frames: stream.frames,
        board,
        _permit: permit,
        _counted: event_stream::count_open(StreamKind::Seats),
    };
    let body = Body::from_stream(first.chain(futures::stream::unfold(seats, Seats::next)));
    Ok(event_stream::respond(body))
}

impl Seats {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        match self.frames.recv().await {
            Ok(frame) => Some((Ok(frame), self)),
            Err(RecvError::Closed) => None,
            Err(RecvError::Lagged(_)) => {
                self.frames = self.frames.resubscribe();
                let resync = self.board.resync();
                Some((Ok(resync), self))
            }
        }
    }
}
