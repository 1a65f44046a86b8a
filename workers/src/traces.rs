//! Traces of the requests in hand: their decisions are logged, and told with the outcomes.

use common::messages::{Outcomes, TracedOutcome};
use common::telemetry::trace::Trace;
use uuid::Uuid;

/// The traces of some requests, by the id of the reservation or payment that they are about. Most
/// requests have none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces(Vec<(Uuid, Trace)>);

impl Traces {
    /// Of an envelope: `id` gives the id of the request at a place in it.
    pub(crate) fn add(&mut self, traces: &[(u32, Trace)], id: impl Fn(usize) -> Option<Uuid>) {
        let known = traces.iter().filter_map(|(at, trace)| Some((id(*at as usize)?, *trace)));
        self.0.extend(known);
    }

    /// Those that these outcomes decide are logged, as spans that their requests caused and that the
    /// span of the batch links to, and go with the outcomes to whoever waits.
    pub(crate) fn follow(&self, outcomes: &mut Outcomes) {
        if self.0.is_empty() {
            return;
        }
        let batch = Trace::batch().span_id();
        let mut links = Vec::new();
        for (id, cause) in &self.0 {
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
            links.push(cause.to_string());
            outcomes.traces.push(TracedOutcome { id: *id, trace: span });
        }
        let (queue, links) = (&outcomes.queue, links.join(" "));
        tracing::info!(span_id = batch, queue, links, "decided a batch with traced requests");
    }
}

fn status(outcomes: &Outcomes, id: Uuid) -> Option<&'static str> {
    let reservation = outcomes.reservations.iter().find(|one| one.id.0 == id);
    let payment = outcomes.payments.iter().find(|one| one.id.0 == id);
    reservation.map(|one| one.status.as_str()).or(payment.map(|one| one.status.as_str()))
}
