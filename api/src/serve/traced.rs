//! Requests that belong to a trace of the client: `traceparent` comes in, and goes back with this
//! request's span.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use booking::trace::Trace;
use chrono::{DateTime, Utc};
use process::clock;
use process::telemetry::otlp::{self, Kind};

const TRACEPARENT: &str = "traceparent";

/// The span of one request.
#[derive(Debug)]
pub(crate) struct Span {
    cause: Trace,
    own: Trace,
    begun: Instant,
    begun_at: DateTime<Utc>,
}

impl Span {
    /// None if the client sent no `traceparent`, or does not sample.
    pub(crate) fn begin(headers: &HeaderMap) -> Option<Self> {
        let cause = Trace::sampled(headers.get(TRACEPARENT)?.to_str().ok()?)?;
        Some(Self { cause, own: cause.child(), begun: Instant::now(), begun_at: clock::now() })
    }

    /// Runs the request's work in its span.
    pub(crate) fn scope<F: Future>(&self, work: F) -> impl Future<Output = F::Output> {
        process::telemetry::run_in_trace(self.own, work)
    }

    /// Logs the span, and sends its context to the client.
    pub(crate) fn end(
        self,
        id: &HeaderValue,
        method: &Method,
        path: &str,
        response: &mut Response,
    ) {
        tracing::info!(
            trace_id = self.own.trace_id(),
            span_id = self.own.span_id(),
            parent_id = self.cause.span_id(),
            ?id,
            %method,
            path,
            status = response.status().as_u16(),
            took_ms = self.begun.elapsed().as_millis() as u64,
            "answered a traced request"
        );
        let status = response.status().as_u16();
        otlp::ended(|| otlp::Span {
            name: "request",
            kind: Kind::Server,
            own: self.own,
            parent: Some(self.cause),
            links: Vec::new(),
            begun: self.begun_at,
            attributes: vec![
                ("http.request.method", method.to_string()),
                ("url.path", path.to_owned()),
                ("http.response.status_code", status.to_string()),
            ],
        });
        if let Ok(value) = HeaderValue::try_from(self.own.to_string()) {
            response.headers_mut().insert(TRACEPARENT, value);
        }
    }
}
