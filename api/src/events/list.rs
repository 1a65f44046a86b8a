//! `GET /events`

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use booking::ids::EventId;
use chrono::{DateTime, Utc};
use process::clock;
use serde::Serialize;
use store::events::Cursor;
use utoipa::ToSchema;

use super::view::{self, EventView};
use crate::http::query;
use crate::problem::Problem;
use crate::reads::Entry;
use crate::state::{Api, Shared};

/// Events on a page, if the client names no limit.
const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 100;

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Events {
    /// Soonest first.
    pub events: Vec<EventView>,
    /// What to give as `after` for the next page; null on the last one.
    pub next: Option<String>,
}

/// What is on: on sale, upcoming and sold out, soonest first
#[utoipa::path(
    get, path = "/api/v1/events",
    operation_id = "list_events", tag = "events",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100,
         description = "Events on a page: 1 to 100, 50 by default"),
        ("after" = Option<String>, Query, pattern = "^[0-9a-f]{1,13}-[0-9a-f]{1,7}$",
         description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of events", body = Events),
        (status = 400, description = "The query is wrong"),
        (status = 503, description = "Cannot be read now; see Retry-After"),
    )
)]
pub(crate) async fn list(
    State(api): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let limit = match query::find_value(&query, "limit") {
        None => LIMIT_DEFAULT,
        Some(text) => match text.parse() {
            Ok(limit @ 1..=LIMIT_MAX) => limit,
            _ => return Err(Problem::malformed(format!("limit is from 1 to {LIMIT_MAX}."))),
        },
    };
    let after =
        match query::find_value(&query, "after") {
            None => None,
            Some(text) => Some(read_cursor(text).ok_or_else(|| {
                Problem::malformed("after is not the next of a page of this list.")
            })?),
        };
    let listed = api.catalogue.listed().await?;
    let key = |at: &DateTime<Utc>, id: EventId| (*at, id);
    let begin = after.map_or(0, |after| {
        let last = key(&after.starts_at, after.id);
        listed.partition_point(|entry| key(&entry.event.terms.starts_at, entry.event.id) <= last)
    });
    let page = &listed[begin..listed.len().min(begin + limit)];
    let is_last = begin + page.len() == listed.len();
    let next = page.last().filter(|_| !is_last);
    let now = clock::now();
    let body = Events {
        events: page.iter().map(|entry| render_entry(&api, entry, now)).collect(),
        next: next.map(|entry| write_cursor(entry.event.terms.starts_at, entry.event.id)),
    };
    Ok(axum::Json(body).into_response())
}

/// With the counts of the event's board, only if it is open already: a list must not open a board
/// for each of its events.
fn render_entry(api: &Api, entry: &Entry, now: DateTime<Utc>) -> EventView {
    let board = api.outcomes.boards.opened(entry.event.id);
    view::render_event(&entry.event, board.as_deref(), now)
}

fn write_cursor(starts_at: DateTime<Utc>, id: EventId) -> String {
    format!("{:x}-{:x}", starts_at.timestamp_micros(), id.0)
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let (micros, id) = text.split_once('-')?;
    let micros = i64::from_str_radix(micros, 16).ok()?;
    Some(Cursor {
        starts_at: DateTime::from_timestamp_micros(micros)?,
        id: EventId(i32::from_str_radix(id, 16).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nonsense_does_not() {
        let at = DateTime::from_timestamp_micros(1_795_000_000_123_456).unwrap();
        let cursor = read_cursor(&write_cursor(at, EventId(42)));
        assert_eq!(cursor, Some(Cursor { starts_at: at, id: EventId(42) }));
        for odd in ["", "-", "zz-1", "1", "ffffffffffffffffff-1", "7fffffffffffffff-1"] {
            assert_eq!(read_cursor(odd), None, "{odd}");
        }
    }
}
