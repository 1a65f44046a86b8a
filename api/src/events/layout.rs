//! `GET /events/{event}/layout`

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::extract::{EventPath, parse_number};
use crate::http::{etag, query};
use crate::problem::Problem;
use crate::reads::LayoutBody;
use crate::state::Shared;

/// Where the seats are
///
/// Asked for with `?v=` the event's `layout_version`, it may be cached for ever.
#[utoipa::path(
    get, path = "/api/v1/events/{event}/layout",
    operation_id = "show_layout", tag = "events",
    params(
        ("event" = i32, Path, minimum = 1, example = 1, description = "The event"),
        ("v" = Option<i32>, Query, minimum = 1, description = "The event's `layout_version`"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that is known"),
    ),
    responses(
        (status = 200, description = "The layout", body = LayoutBody),
        (status = 304, description = "It is the one that is known"),
        (status = 400, description = "`v` is no version"),
        (status = 404, description = "No such event"),
        (status = 503, description = "Cannot be read now; see Retry-After"),
    )
)]
pub(crate) async fn layout(
    State(api): State<Shared>,
    EventPath(id): EventPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = query.as_deref().and_then(|query| query::find_value(query, "v"));
    let asked = match asked.map(parse_number) {
        Some(None) => return Err(Problem::malformed("v is a layout_version.")),
        Some(version) => version,
        None => None,
    };
    let entry = api.event(id).await?;
    let layout = api.layouts.find_layout(&entry).await?;
    let tag = format!("\"{id}-{}\"", layout.version);
    let is_version = asked == Some(layout.version);
    let cache = if is_version { "public, max-age=31536000, immutable" } else { "no-cache" };
    let body = if etag::matches(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], layout.json.clone()).into_response()
    };
    let tag = HeaderValue::try_from(tag).expect("numbers are plain ASCII");
    let about = [(header::ETAG, tag), (header::CACHE_CONTROL, HeaderValue::from_static(cache))];
    Ok((about, body).into_response())
}
