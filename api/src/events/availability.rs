//! `GET /events/{event}/availability`

use std::hash::Hasher as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use booking::ids::EventId;
use chrono::{DateTime, Utc};
use process::clock;
use serde::Serialize;
use store::availability::SectionState;
use utoipa::ToSchema;
use xxhash_rust::xxh3::Xxh3;

use crate::board::{Run, Snapshot, TicketOrRange, runs};
use crate::extract::EventPath;
use crate::http::etag;
use crate::problem::Problem;
use crate::reads::{Away, Entry};
use crate::state::{Api, Shared};

/// What is taken in an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Availability {
    /// Now, by the server's clock.
    pub server_now: DateTime<Utc>,
    pub sections: Vec<SectionAvailability>,
}

/// What is taken in a section.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SectionAvailability {
    pub number: i32,
    /// The version that this is true of.
    pub version: i64,
    /// How many tickets are available.
    pub available: i32,
    /// The tickets that are not available, ascending. A number is one ticket; a pair `[first,
    /// last]` is a run of three or more.
    #[schema(value_type = Vec<TicketOrRange>, example = json!([3, [7, 12], 20]))]
    pub taken: Vec<Run>,
}

/// What is taken
#[utoipa::path(
    get, path = "/api/v1/events/{event}/availability",
    operation_id = "show_availability", tag = "events",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that is known"),
    ),
    responses(
        (status = 200, description = "What is taken", body = Availability),
        (status = 304, description = "Nothing changed"),
        (status = 404, description = "No such event"),
        (status = 503, description = "Cannot be read now; see Retry-After"),
    )
)]
pub(crate) async fn availability(
    State(api): State<Shared>,
    EventPath(id): EventPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let entry = api.event(id).await?;
    let board = api.outcomes.boards.known(&entry).await;
    let snapshots = match board.and_then(|board| board.snapshot()) {
        Some(snapshots) => snapshots,
        None => read_snapshots(&api, &entry).await?,
    };
    let tag = make_tag(id, snapshots.iter().map(|section| section.version));
    let answer = if etag::matches(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let sections = snapshots.into_iter().map(render_section).collect();
        axum::Json(Availability { server_now: clock::now(), sections }).into_response()
    };
    let tag = HeaderValue::try_from(tag).expect("hexadecimal digits are plain ASCII");
    let about =
        [(header::ETAG, tag), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    Ok((about, answer).into_response())
}

/// Reads the database, for an event whose board is not current.
async fn read_snapshots(api: &Api, entry: &Entry) -> Result<Vec<Snapshot>, Away> {
    let states = api.outcomes.boards.read_sections(entry).await?;
    let snapshot = |state: &Arc<SectionState>| Snapshot {
        number: state.number,
        version: state.version,
        available: state.available,
        taken: runs(state.taken.iter().map(|(ticket, ..)| ticket.0)),
    };
    Ok(states.iter().map(snapshot).collect())
}

fn render_section(snapshot: Snapshot) -> SectionAvailability {
    SectionAvailability {
        number: snapshot.number.0,
        version: snapshot.version,
        available: snapshot.available,
        taken: snapshot.taken,
    }
}

/// Equal versions mean equal tickets. The tag is weak, because `server_now` differs in each answer.
fn make_tag(event: EventId, versions: impl Iterator<Item = i64>) -> String {
    let mut hasher = Xxh3::new();
    hasher.write_i32(event.0);
    for version in versions {
        hasher.write_i64(version);
    }
    format!("W/\"{:016x}\"", hasher.digest())
}
