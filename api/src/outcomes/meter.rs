//! Measures the time from a request's acceptance to its outcome.

use std::sync::LazyLock;
use std::time::Duration;

use booking::domain::WorkerPool;
use broker::topology::Topology;
use process::telemetry::metrics::{Histogram, SECONDS, histogram};
use process::telemetry::names;

struct OutcomeSeconds {
    reservations: Histogram,
    payments: Histogram,
}

static OUTCOME_SECONDS: LazyLock<OutcomeSeconds> = LazyLock::new(|| {
    let seconds_of =
        |pool: WorkerPool| histogram(names::OUTCOME_SECONDS, SECONDS, &[("pool", pool.name())]);
    OutcomeSeconds {
        reservations: seconds_of(WorkerPool::Reservations),
        payments: seconds_of(WorkerPool::Payments),
    }
});

pub(crate) fn register() {
    LazyLock::force(&OUTCOME_SECONDS);
}

/// Counts one transaction; `took` is the time since its oldest request was accepted.
pub(super) fn count(queue: &str, took: Duration) {
    let seconds = match Topology::pool_of(queue) {
        Some(WorkerPool::Reservations) => &OUTCOME_SECONDS.reservations,
        Some(WorkerPool::Payments) => &OUTCOME_SECONDS.payments,
        // No client waits for the expiry of a hold.
        Some(WorkerPool::Expiry) | None => return,
    };
    seconds.observe(took.as_secs_f64());
}
