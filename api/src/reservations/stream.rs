//! The states of a reservation as a stream of server-sent events, until a final one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use booking::domain::{Reservation, ReservationStatus};
use booking::ids::ReservationId;
use process::clock;
use tokio::time::{Instant, timeout_at};

use super::view::{self, ReservationView};
use crate::extract::ReservationPath;
use crate::http::Counted;
use crate::http::event_stream::{self, StreamKind};
use crate::outcomes::{News, Waiter};
use crate::problem::Problem;
use crate::reads::Entry;
use crate::state::Shared;

/// How often a stream without changes gets a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the stream waits for the worker's outcome after a hold is due, before it reports the
/// end itself.
const GRACE: Duration = Duration::from_millis(250);

struct Stream {
    api: Shared,
    entry: Arc<Entry>,
    path: ReservationPath,
    waiter: Waiter<ReservationId, Reservation>,
    state: Option<Arc<Reservation>>,
    is_over: bool,
    _counted: Counted,
}

/// Opens a stream from the present state on. A client that reconnects although it has the final
/// state gets 204, because that stops an `EventSource`.
pub(crate) async fn open(
    api: Shared,
    entry: Arc<Entry>,
    path: ReservationPath,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let waiter = api.outcomes.reservations.wait(path.id);
    let waiter = waiter.ok_or_else(|| Problem::unavailable("Too many clients wait.", 5))?;
    let state = api.reservations.read((path.event, path.id)).await?;
    let mut stream = Stream {
        api,
        entry,
        path,
        waiter,
        state,
        is_over: false,
        _counted: event_stream::count_open(StreamKind::Reservation),
    };
    let first = stream.render_view().await;
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    if first.is_final() && seen.is_some_and(|seen| seen == first.revision.to_string()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    stream.is_over = first.is_final();
    let first = Bytes::from(format!("retry: 2000\n{}", write_event(&first)));
    let rest = futures::stream::unfold(stream, Stream::next);
    let all = futures::StreamExt::chain(futures::stream::iter([Ok(first)]), rest);
    Ok(event_stream::respond(Body::from_stream(all)))
}

impl Stream {
    async fn next(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        if self.is_over {
            return None;
        }
        let heartbeat = Instant::now() + HEARTBEAT;
        loop {
            let wake = self.due_at().map_or(heartbeat, |due| due.min(heartbeat));
            let before = self.state.as_ref().map_or(0, |state| state.revision);
            match timeout_at(wake, self.waiter.next()).await {
                Ok(News::Draining) => return None,
                Ok(News::State(state)) => self.advance(state),
                Ok(News::Gap) => self.look_up().await,
                Err(_) => {}
            }
            let after = self.state.as_ref().map_or(0, |state| state.revision);
            let view = self.render_view().await;
            if after > before || view.is_final() {
                self.is_over = view.is_final();
                return Some((Ok(Bytes::from(write_event(&view))), self));
            }
            if Instant::now() >= heartbeat {
                return Some((Ok(Bytes::from_static(b":\n\n")), self));
            }
        }
    }

    async fn look_up(&mut self) {
        if let Ok(Some(found)) = self.api.reservations.read((self.path.event, self.path.id)).await {
            self.advance(found);
        }
    }

    /// Ignores a state that is older than the known one.
    fn advance(&mut self, state: Arc<Reservation>) {
        let known = self.state.as_ref().map_or(0, |known| known.revision);
        if state.revision >= known {
            self.state = Some(state);
        }
    }

    /// When the hold is due; none if nothing is held.
    fn due_at(&self) -> Option<Instant> {
        let held = self.state.as_ref().filter(|state| state.status == ReservationStatus::Held)?;
        let at = held.expires_at?;
        let left = (at - clock::now()).to_std().unwrap_or_default();
        Some(Instant::now() + left + GRACE)
    }

    async fn render_view(&self) -> ReservationView {
        if let Some(reservation) = &self.state {
            return view::render_decided(&self.api, &self.entry, reservation).await;
        }
        let eta_ms = self.api.outcomes.lags.longest_eta_ms(clock::now());
        view::render_pending(&self.entry, self.path.id, None, eta_ms)
    }
}

fn write_event(view: &ReservationView) -> String {
    let data = serde_json::to_string(view).expect("plain data always has a JSON form");
    format!("event: reservation\nid: {}\ndata: {data}\n\n", view.revision)
}
