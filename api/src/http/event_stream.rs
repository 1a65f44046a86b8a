//! A response that is a stream of server-sent events, counted while it is open.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use process::telemetry::metrics::{Gauge, gauge};
use process::telemetry::names;

use super::counted::Counted;

#[derive(Debug, Clone, Copy)]
pub(crate) enum StreamKind {
    Seats,
    Reservation,
}

/// Tells proxies not to buffer the stream.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

pub(crate) fn respond(events: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        UNBUFFERED,
    ];
    (headers, events).into_response()
}

/// Counts a stream for as long as the returned value lives.
pub(crate) fn count_open(kind: StreamKind) -> Counted {
    Counted::one_more(open_streams(kind))
}

pub(crate) fn register_metrics() {
    for kind in StreamKind::ALL {
        open_streams(kind);
    }
}

fn open_streams(kind: StreamKind) -> Gauge {
    gauge(names::STREAMS, &[("kind", kind.as_str())])
}

impl StreamKind {
    const ALL: [Self; 2] = [Self::Seats, Self::Reservation];

    fn as_str(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Reservation => "reservation",
        }
    }
}
