//! What the front door counts. A handle is found without a lock; what happens once a request is one
//! atomic addition.

use std::sync::LazyLock;

use axum::http::StatusCode;
use booking::domain::Reason;
use booking::messages::Outcomes;
use broker::PublishError;
use broker::topology::{PAYMENTS, REQUESTS};
use process::telemetry::metrics::{
    Counter, Gauge, Histogram, SECONDS, SIZES, counter, gauge, histogram,
};
use process::telemetry::names;

use crate::front_desk::Refusal;
use crate::problem::Kind;

/// The statuses that are usual; any other one counts as `other`.
const STATUSES: [u16; 20] = [
    200, 201, 202, 204, 206, 304, 400, 401, 402, 404, 405, 409, 412, 413, 415, 416, 422, 429, 500,
    503,
];

static RESPONSES: LazyLock<Vec<Counter>> = LazyLock::new(|| {
    let one = |status: &str| counter(names::HTTP_RESPONSES_TOTAL, &[("status", status)]);
    let usual = STATUSES.iter().map(|status| one(&status.to_string()));
    usual.chain([one("other")]).collect()
});
static PROBLEMS: LazyLock<Vec<Counter>> = LazyLock::new(|| {
    let one = |kind: &Kind| counter(names::PROBLEMS_TOTAL, &[("type", kind.row().slug)]);
    Kind::ALL.iter().map(one).collect()
});
static EDGE_REFUSALS: LazyLock<Vec<Counter>> = LazyLock::new(|| {
    let one = |reason: &Reason| counter(names::EDGE_REFUSALS_TOTAL, &[("reason", reason.as_str())]);
    Reason::ALL.iter().map(one).collect()
});
static NOT_ACCEPTED: LazyLock<[Counter; 4]> = LazyLock::new(|| {
    ["full", "away", "unknown", "behind"]
        .map(|reason| counter(names::NOT_ACCEPTED_TOTAL, &[("reason", reason)]))
});
static OUTCOMES: LazyLock<[Histogram; 2]> = LazyLock::new(|| {
    ["reservations", "payments"]
        .map(|pool| histogram(names::OUTCOME_SECONDS, SECONDS, &[("pool", pool)]))
});

/// What the database is asked for.
const READS: [&str; 7] =
    ["a board", "a layout", "reservations", "payments", "an event", "the events", "availability"];

static READ: LazyLock<[(Histogram, Counter); 7]> = LazyLock::new(|| {
    READS.map(|what| {
        let labels = [("what", what)];
        let took = histogram(names::DATABASE_READ_SECONDS, SECONDS, &labels);
        (took, counter(names::DATABASE_READ_FAILURES_TOTAL, &labels))
    })
});

/// The metrics are shown from the start, at 0: an alert on a rise needs something to rise from.
pub fn register() {
    LazyLock::force(&RESPONSES);
    LazyLock::force(&PROBLEMS);
    LazyLock::force(&EDGE_REFUSALS);
    LazyLock::force(&NOT_ACCEPTED);
    LazyLock::force(&OUTCOMES);
    LazyLock::force(&READ);
    let _shown = (connections(), streams("seats"), streams("reservation"));
}

/// A response was made.
pub fn responded(status: StatusCode) {
    let at = STATUSES.binary_search(&status.as_u16()).unwrap_or(STATUSES.len());
    RESPONSES[at].inc();
}

/// A request was answered with a problem.
pub fn problem(kind: Kind) {
    PROBLEMS[kind as usize].inc();
}

/// A request was refused at once.
pub fn refused_at_the_edge(reason: Reason) {
    EDGE_REFUSALS[reason as usize].inc();
}

/// A request could not be queued.
pub fn not_accepted(refusal: Refusal) {
    let at = match refusal {
        Refusal::Full => 0,
        Refusal::Away => 1,
        Refusal::Unknown => 2,
        Refusal::Behind { .. } => 3,
    };
    NOT_ACCEPTED[at].inc();
}

/// Counts the envelopes of one partition.
#[derive(Debug, Clone)]
pub struct EnvelopeMeter {
    requests: Histogram,
    accepted: Counter,
}

impl EnvelopeMeter {
    /// Of a partition of this exchange.
    pub fn new(exchange: &str) -> Self {
        let labels = [("exchange", exchange)];
        let requests = histogram(names::ENVELOPE_REQUESTS, SIZES, &labels);
        Self { requests, accepted: counter(names::ACCEPTED_TOTAL, &labels) }
    }

    /// An envelope of that many requests was sent.
    pub fn sent(&self, requests: usize, word: &Result<(), PublishError>) {
        self.requests.observe(requests as f64);
        if word.is_ok() {
            self.accepted.inc_by(requests as u64);
        }
    }
}

/// The outcomes of a transaction were heard, that long after its oldest request was accepted.
pub fn heard(outcomes: &Outcomes, after_ms: i64) {
    let at = match outcomes.queue.as_str() {
        queue if queue.starts_with(REQUESTS) => 0,
        queue if queue.starts_with(PAYMENTS) => 1,
        // Holds that are due were not asked for.
        _ => return,
    };
    OUTCOMES[at].observe(after_ms.max(0) as f64 / 1_000.0);
}

/// A query took that long, in seconds, or failed.
pub fn read(what: &str, took: f64, is_ok: bool) {
    let Some(at) = READS.iter().position(|known| *known == what) else { return };
    if is_ok {
        READ[at].0.observe(took);
    } else {
        READ[at].1.inc();
    }
}

/// Something that is counted while it lives.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    fn one_more(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }

    /// A client's connection.
    pub fn connection() -> Self {
        Self::one_more(connections())
    }

    /// A stream of this kind: `seats` or `reservation`.
    pub fn stream(kind: &str) -> Self {
        Self::one_more(streams(kind))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn connections() -> Gauge {
    gauge(names::HTTP_CONNECTIONS, &[])
}

fn streams(kind: &str) -> Gauge {
    gauge(names::STREAMS, &[("kind", kind)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_status_has_a_counter_of_its_own() {
        assert!(STATUSES.is_sorted());
        responded(StatusCode::ACCEPTED);
        responded(StatusCode::IM_A_TEAPOT);
        let of = |status| counter(names::HTTP_RESPONSES_TOTAL, &[("status", status)]).get();
        assert_eq!((of("202"), of("other"), of("503")), (1, 1, 0));
    }

    #[test]
    fn what_is_counted_is_given_back() {
        let open = streams("a test");
        let one = Counted::stream("a test");
        assert!((open.get() - 1.0).abs() < f64::EPSILON);
        drop(one);
        assert!(open.get().abs() < f64::EPSILON);
    }
}
