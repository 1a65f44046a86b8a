//! Counts envelopes, requests that were not admitted, and edge refusals.

use std::sync::LazyLock;

use booking::domain::Reason;
use process::telemetry::metrics::{Counter, Histogram, SIZES, counter, histogram};
use process::telemetry::names;

use super::refusal::Refusal;

struct NotAccepted {
    full: Counter,
    away: Counter,
    unknown: Counter,
    behind: Counter,
}

static NOT_ACCEPTED: LazyLock<NotAccepted> = LazyLock::new(|| {
    let of = |reason| counter(names::NOT_ACCEPTED_TOTAL, &[("reason", reason)]);
    NotAccepted { full: of("full"), away: of("away"), unknown: of("unknown"), behind: of("behind") }
});

static EDGE_REFUSALS: LazyLock<Vec<Counter>> = LazyLock::new(|| {
    let one = |reason: &Reason| counter(names::EDGE_REFUSALS_TOTAL, &[("reason", reason.as_str())]);
    Reason::ALL.iter().map(one).collect()
});

pub(crate) fn register() {
    LazyLock::force(&NOT_ACCEPTED);
    LazyLock::force(&EDGE_REFUSALS);
}

pub(crate) fn count_edge_refusal(reason: Reason) {
    EDGE_REFUSALS[reason as usize].inc();
}

pub(super) fn count_refusal(refusal: Refusal) {
    let counter = match refusal {
        Refusal::Full => &NOT_ACCEPTED.full,
        Refusal::Away => &NOT_ACCEPTED.away,
        Refusal::Unknown => &NOT_ACCEPTED.unknown,
        Refusal::Behind { .. } => &NOT_ACCEPTED.behind,
    };
    counter.inc();
}

/// Counts the envelopes of one partition.
#[derive(Debug)]
pub(super) struct EnvelopeMeter {
    requests: Histogram,
    accepted: Counter,
}

impl EnvelopeMeter {
    pub(super) fn of(exchange: &str) -> Self {
        let labels = [("exchange", exchange)];
        Self {
            requests: histogram(names::ENVELOPE_REQUESTS, SIZES, &labels),
            accepted: counter(names::ACCEPTED_TOTAL, &labels),
        }
    }

    pub(super) fn count_envelope(&self, requests: usize, is_confirmed: bool) {
        self.requests.observe(requests as f64);
        if is_confirmed {
            self.accepted.inc_by(requests as u64);
        }
    }
}
