//! The last span of a traced request: its outcome arrived.

use booking::messages::TracedOutcome;
use chrono::{DateTime, Utc};
use process::telemetry::otlp::{self, Kind};

pub(super) fn log_heard(traces: &[TracedOutcome], now: DateTime<Utc>) {
    for traced in traces {
        let own = traced.trace.child();
        otlp::ended(|| otlp::Span {
            name: "outcome heard",
            kind: Kind::Internal,
            own,
            parent: Some(traced.trace),
            links: Vec::new(),
            begun: now,
            attributes: vec![("boxoffice.id", traced.id.to_string())],
        });
        tracing::info!(
            trace_id = own.trace_id(),
            span_id = own.span_id(),
            parent_id = traced.trace.span_id(),
            id = %traced.id,
            "heard the outcome of a traced request"
        );
    }
}
