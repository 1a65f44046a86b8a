//! What the publisher counts. It counts once for each message, and a message carries many requests.

use std::sync::LazyLock;
use std::time::Duration;

use super::publication::PublishError;
use crate::topology::{DEAD_LETTERS, HOLDS, OUTCOMES, PAYMENTS, PRESENCE, REQUESTS};
use process::telemetry::metrics::{self, Counter, Histogram, SECONDS};
use process::telemetry::names;

const EXCHANGES: [&str; 6] = [REQUESTS, PAYMENTS, HOLDS, OUTCOMES, PRESENCE, DEAD_LETTERS];
const REASONS: [&str; 4] = ["away", "full", "unroutable", "unknown"];

static CONFIRM: LazyLock<[Histogram; 6]> = LazyLock::new(|| {
    EXCHANGES.map(|exchange| {
        metrics::histogram(names::PUBLISH_CONFIRM_SECONDS, SECONDS, &[("exchange", exchange)])
    })
});
static FAILURES: LazyLock<[Counter; 4]> = LazyLock::new(|| {
    REASONS.map(|reason| metrics::counter(names::PUBLISH_FAILURES_TOTAL, &[("reason", reason)]))
});

/// Counts the result of one publish.
pub(super) fn published(exchange: &str, took: Duration, result: &Result<(), PublishError>) {
    let Err(error) = result else {
        if let Some(at) = EXCHANGES.iter().position(|known| *known == exchange) {
            CONFIRM[at].observe(took.as_secs_f64());
        }
        return;
    };
    let at = match error {
        PublishError::Away(_) => 0,
        PublishError::Full => 1,
        PublishError::Unroutable(_) => 2,
        PublishError::Unknown => 3,
    };
    FAILURES[at].inc();
}

/// Registers the counters at 0 from the start: an alert on a rise needs a first value.
pub(super) fn register() {
    LazyLock::force(&CONFIRM);
    LazyLock::force(&FAILURES);
}
