//! What the pools count: per batch, per transaction, per call to the gateway.

use std::sync::LazyLock;
use std::time::Instant;

use booking::domain::{Payment, Reason, ReservationStatus};
use booking::ledger::Changes;
use booking::messages::Prompt;
use broker::topology::{HOLDS_DUE, PAYMENTS, Topology};
use chrono::{DateTime, Utc};
use process::telemetry::metrics::{
    Counter, Gauge, Histogram, SECONDS, SIZES, counter, gauge, histogram,
};
use process::telemetry::names;

use crate::fleet::ownership::View;

/// Handles of one pool.
#[derive(Debug)]
pub(crate) struct PoolMeter {
    /// Requests in a batch.
    pub(crate) batch_requests: Histogram,
    /// Envelopes in a batch.
    pub(crate) batch_envelopes: Histogram,
    /// Envelopes that had been delivered before.
    pub(crate) redelivered: Counter,
    /// Given up.
    pub(crate) dead_letters: Counter,
    /// From acceptance to decision.
    pub(crate) wait: Histogram,
    /// A transaction that was committed.
    pub(crate) transaction: Histogram,
    /// Begun anew because more had to be locked.
    pub(crate) footprint: Counter,
    /// Begun anew because another transaction came between.
    pub(crate) conflict: Counter,
    /// Tried again because the database could not do it.
    pub(crate) database: Counter,
}

impl PoolMeter {
    fn new(pool: &str) -> Self {
        let labels = [("pool", pool)];
        let retry =
            |cause| counter(names::TRANSACTION_RETRIES_TOTAL, &[("pool", pool), ("cause", cause)]);
        Self {
            batch_requests: histogram(names::BATCH_REQUESTS, SIZES, &labels),
            batch_envelopes: histogram(names::BATCH_ENVELOPES, SIZES, &labels),
            redelivered: counter(names::REDELIVERED_TOTAL, &labels),
            dead_letters: counter(names::DEAD_LETTERS_TOTAL, &labels),
            wait: histogram(names::QUEUE_WAIT_SECONDS, SECONDS, &labels),
            transaction: histogram(names::TRANSACTION_SECONDS, SECONDS, &labels),
            footprint: retry("footprint"),
            conflict: retry("conflict"),
            database: retry("database"),
        }
    }
}

/// Handles of the pool that consumes this queue.
pub(crate) fn pool(queue: &str) -> &'static PoolMeter {
    static RESERVATIONS: LazyLock<PoolMeter> = LazyLock::new(|| PoolMeter::new("reservations"));
    static PAYMENT: LazyLock<PoolMeter> = LazyLock::new(|| PoolMeter::new("payments"));
    static EXPIRY: LazyLock<PoolMeter> = LazyLock::new(|| PoolMeter::new("expiry"));
    if queue == HOLDS_DUE {
        &EXPIRY
    } else if queue.starts_with(PAYMENTS) {
        &PAYMENT
    } else {
        &RESERVATIONS
    }
}

/// Counts what a committed transaction moved.
pub(crate) fn committed(changes: &Changes) {
    let moved = changes.inserted.iter().chain(changes.updated.iter().map(|(_, after)| after));
    let mut states = [0; STATES.len()];
    for reservation in moved {
        if let Some(at) = STATES.iter().position(|state| *state == reservation.status) {
            states[at] += 1;
        }
        if reservation.status == ReservationStatus::Rejected
            && let Some(reason) = reservation.reason
        {
            REJECTIONS[reason as usize].inc();
        }
    }
    for (counter, number) in RESERVATIONS.iter().zip(states) {
        if number > 0 {
            counter.inc_by(number);
        }
    }
}

/// Counts a payment that was told in this state.
pub(crate) fn paid(payment: &Payment) {
    counter(names::PAYMENTS_TOTAL, &[("status", payment.status.as_str())]).inc();
    if let Some(reason) = payment.reason {
        counter(names::PAYMENT_REFUSALS_TOTAL, &[("reason", reason.as_str())]).inc();
    }
}

/// Counts holds that were freed at this moment; they were due at those.
pub(crate) fn freed(freed: &[(Prompt, DateTime<Utc>)], now: DateTime<Utc>) {
    static LATENESS: LazyLock<Histogram> =
        LazyLock::new(|| histogram(names::EXPIRY_LATENESS_SECONDS, SECONDS, &[]));
    for (prompt, due_at) in freed {
        LATENESS.observe(seconds(now - *due_at));
        PROMPTS[*prompt as usize].inc();
    }
}

/// A call to the gateway, until it is ended or dropped.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    kind: &'a str,
    begun: Instant,
    at_gateway: Gauge,
}

impl<'a> Call<'a> {
    /// Calls; the kind is `charge` or `refund`.
    pub(crate) fn begin(kind: &'a str) -> Self {
        let at_gateway = gauge(names::PAYMENTS_AT_GATEWAY, &[]);
        at_gateway.inc();
        Self { kind, begun: Instant::now(), at_gateway }
    }

    /// It was answered, or not.
    pub(crate) fn end(self, answered: bool) {
        let labels = [("call", self.kind)];
        if answered {
            let took = self.begun.elapsed().as_secs_f64();
            histogram(names::GATEWAY_SECONDS, SECONDS, &labels).observe(took);
        } else {
            counter(names::GATEWAY_FAILURES_TOTAL, &labels).inc();
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.at_gateway.dec();
    }
}

/// A worker stood back from a partition.
pub(crate) fn yielded() {
    counter(names::PARTITION_YIELDS_TOTAL, &[]).inc();
}

/// Shows who lives and which partitions are this worker's.
pub(crate) fn shared(view: &View, partitions: u16) {
    gauge(names::WORKERS_KNOWN, &[]).set(view.workers() as f64);
    for partition in 0..partitions {
        let queue = Topology::request_queue(partition);
        let owned = f64::from(u8::from(view.owns(partition)));
        gauge(names::PARTITION_OWNED, &[("queue", queue.as_str())]).set(owned);
    }
}

const STATES: [ReservationStatus; 7] = [
    ReservationStatus::Held,
    ReservationStatus::Rejected,
    ReservationStatus::Paying,
    ReservationStatus::Confirmed,
    ReservationStatus::Expired,
    ReservationStatus::Cancelled,
    ReservationStatus::Refunded,
];

static RESERVATIONS: LazyLock<[Counter; STATES.len()]> = LazyLock::new(|| {
    STATES.map(|state| counter(names::RESERVATIONS_TOTAL, &[("status", state.as_str())]))
});
static REJECTIONS: LazyLock<Vec<Counter>> = LazyLock::new(|| {
    let one = |reason: &Reason| counter(names::REJECTIONS_TOTAL, &[("reason", reason.as_str())]);
    Reason::ALL.iter().map(one).collect()
});
static PROMPTS: LazyLock<[Counter; 3]> = LazyLock::new(|| {
    ["hold", "rearm", "sweep"]
        .map(|prompt| counter(names::HOLDS_EXPIRED_TOTAL, &[("prompt", prompt)]))
});

/// Shows what these queues' pools count from the start, at 0: an alert on a rise needs something to
/// rise from.
pub(crate) fn register(queues: &[String]) {
    LazyLock::force(&RESERVATIONS);
    for queue in queues {
        pool(queue);
        if queue == HOLDS_DUE {
            LazyLock::force(&PROMPTS);
        } else if queue.starts_with(PAYMENTS) {
            gauge(names::PAYMENTS_AT_GATEWAY, &[]);
            for call in ["charge", "refund"] {
                counter(names::GATEWAY_FAILURES_TOTAL, &[("call", call)]);
            }
        } else {
            LazyLock::force(&REJECTIONS);
            counter(names::PARTITION_YIELDS_TOTAL, &[]);
        }
    }
}

/// Never negative: clocks differ.
pub(crate) fn seconds(age: chrono::TimeDelta) -> f64 {
    (age.num_milliseconds().max(0) as f64) / 1_000.0
}
