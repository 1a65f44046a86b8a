//! Traces of the requests in hand. Their decisions are logged, exported as spans, and sent with the
//! outcomes.

use booking::messages::{BatchOutcome, TracedOutcome};
use booking::trace::Trace;
use chrono::{DateTime, Utc};
use process::clock;
use process::telemetry::otlp::{self, Kind};
use uuid::Uuid;

/// The traces of some requests, by the id of the reservation or payment, with the time when the
/// request was taken. Most requests have no trace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces(Vec<(Uuid, Trace, DateTime<Utc>)>);

impl Traces {
    /// Adds the traces of an envelope. `id` returns the id of the request at an index in it, or
    /// none if the request cannot be read.
    pub(crate) fn add(&mut self, traces: &[(u32, Trace)], id: impl Fn(usize) -> Option<Uuid>) {
        if traces.is_empty() {
            return;
        }
        let now = clock::now();
        let known = |(at, trace): &(u32, Trace)| Some((id(*at as usize)?, *trace, now));
        self.0.extend(traces.iter().filter_map(known));
    }

    /// Logs and exports a span for each traced request that these outcomes decide, and adds it to
    /// the outcomes for the front doors. The request's span is the parent. The span of the batch
    /// links to all requests, because a span has only one parent.
    pub(crate) fn follow(&self, outcomes: &mut BatchOutcome) {
        if self.0.is_empty() {
            return;
        }
        let own = Trace::batch();
        let batch = own.span_id();
        let mut links = Vec::new();
        for (id, cause, begun) in &self.0 {
            let Some(status) = status(outcomes, *id) else { continue };
            let span = cause.child();
            tracing::info!(
                trace_id = span.trace_id(),
                span_id = span.span_id(),
                parent_id = cause.span_id(),
                batch,
                %id,
                status,
                queue = outcomes.queue,
                "decided a traced request"
            );
            let attributes = vec![
                ("boxoffice.id", id.to_string()),
                ("boxoffice.status", status.to_owned()),
                ("messaging.system", "rabbitmq".to_owned()),
                ("messaging.destination.name", outcomes.queue.clone()),
            ];
            otlp::ended(|| otlp::Span {
                name: "decide",
                kind: Kind::Consumer,
                own: span,
                parent: Some(*cause),
                links: vec![own],
                begun: *begun,
                attributes,
            });
            links.push(*cause);
            outcomes.traces.push(TracedOutcome { id: *id, trace: span });
        }
        let queue = outcomes.queue.clone();
        let shown = links.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        tracing::info!(
            span_id = batch,
            queue,
            links = shown,
            "decided a batch with traced requests"
        );
        let begun = self.0.iter().map(|(_, _, begun)| *begun).min().unwrap_or_else(clock::now);
        otlp::ended(|| otlp::Span {
            name: "batch",
            kind: Kind::Consumer,
            own,
            parent: None,
            links,
            begun,
            attributes: vec![("messaging.destination.name", queue)],
        });
    }
}

fn status(outcomes: &BatchOutcome, id: Uuid) -> Option<&'static str> {
    let reservation = outcomes.reservations.iter().find(|one| one.id.0 == id);
    let payment = outcomes.payments.iter().find(|one| one.id.0 == id);
    reservation.map(|one| one.status.as_str()).or(payment.map(|one| one.status.as_str()))
}
