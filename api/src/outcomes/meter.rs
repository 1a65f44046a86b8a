//! Counts outcomes by how long their requests took.

use std::sync::LazyLock;
use std::time::Duration;

use broker::topology::{PAYMENTS, REQUESTS};
use process::telemetry::metrics::{Histogram, SECONDS, histogram};
use process::telemetry::names;

struct OutcomeSeconds {
    reservations: Histogram,
    payments: Histogram,
}

static OUTCOME_SECONDS: LazyLock<OutcomeSeconds> = LazyLock::new(|| {
    let of = |pool| histogram(names::OUTCOME_SECONDS, SECONDS, &[("pool", pool)]);
    OutcomeSeconds { reservations: of("reservations"), payments: of("payments") }
});

pub(crate) fn register() {
    LazyLock::force(&OUTCOME_SECONDS);
}

/// A transaction on this queue's requests was heard of, that long after the oldest was accepted.
pub(super) fn count(queue: &str, took: Duration) {
    let seconds = if queue.starts_with(REQUESTS) {
        &OUTCOME_SECONDS.reservations
    } else if queue.starts_with(PAYMENTS) {
        &OUTCOME_SECONDS.payments
    } else {
        // Nobody asked for the end of a hold that is due.
        return;
    };
    seconds.observe(took.as_secs_f64());
}
