//! The metrics of the pools: for each batch, transaction and gateway call.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Instant;

use booking::domain::{Payment, Reason, ReservationStatus, WorkerPool};
use booking::ledger::Changes;
use booking::messages::Prompt;
use broker::topology::Topology;
use chrono::{DateTime, Utc};
use process::telemetry::metrics::{
    Counter, Gauge, Histogram, SECONDS, SIZES, counter, gauge, histogram,
};
use process::telemetry::names::{self, Name};

/// Handles of one pool.
#[derive(Debug)]
pub(crate) struct PoolMeter {
    pub(crate) batch_requests: Histogram,
    pub(crate) batch_envelopes: Histogram,
    /// Envelopes that the broker delivered again.
    pub(crate) redelivered: Counter,
    pub(crate) dead_letters: Counter,
    /// Seconds from a request's acceptance to its decision.
    pub(crate) wait: Histogram,
    /// Seconds from the begin of a transaction to its commit; only those that were committed.
    pub(crate) transaction: Histogram,
    /// Transactions repeated because a decision needed more locks.
    pub(crate) footprint: Counter,
    /// Transactions repeated because another one changed the same rows first.
    pub(crate) conflict: Counter,
    /// Transactions and reads repeated because the database failed or did not answer.
    pub(crate) database: Counter,
}

impl PoolMeter {
    fn new(pool: WorkerPool) -> Self {
        let pool = pool.name();
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

/// The metrics of the pool that consumes this queue.
pub(crate) fn pool(queue: &str) -> &'static PoolMeter {
    static RESERVATIONS: LazyLock<PoolMeter> =
        LazyLock::new(|| PoolMeter::new(WorkerPool::Reservations));
    static PAYMENTS: LazyLock<PoolMeter> = LazyLock::new(|| PoolMeter::new(WorkerPool::Payments));
    static EXPIRY: LazyLock<PoolMeter> = LazyLock::new(|| PoolMeter::new(WorkerPool::Expiry));
    match Topology::pool_of(queue).expect("workers consume only queues of a pool") {
        WorkerPool::Reservations => &RESERVATIONS,
        WorkerPool::Payments => &PAYMENTS,
        WorkerPool::Expiry => &EXPIRY,
    }
}

/// Counts the reservations that a committed transaction wrote, by state and rejection reason.
pub(crate) fn committed(changes: &Changes) {
    let moved = changes.inserted.iter().chain(changes.updated.iter().map(|(_, after)| after));
    let mut states: BTreeMap<ReservationStatus, u64> = BTreeMap::new();
    for reservation in moved {
        *states.entry(reservation.status).or_default() += 1;
        if reservation.status == ReservationStatus::Rejected
            && let Some(reason) = reservation.reason
        {
            REJECTIONS.of(reason).inc();
        }
    }
    for (state, number) in states {
        RESERVATIONS.of(state).inc_by(number);
    }
}

/// Counts an announced payment by its state.
pub(crate) fn paid(payment: &Payment) {
    counter(names::PAYMENTS_TOTAL, &[("status", payment.status.as_str())]).inc();
    if let Some(reason) = payment.reason {
        counter(names::PAYMENT_REFUSALS_TOTAL, &[("reason", reason.as_str())]).inc();
    }
}

/// Counts freed holds, and how late each was freed. The time in each pair is when it was due.
pub(crate) fn freed(freed: &[(Prompt, DateTime<Utc>)], now: DateTime<Utc>) {
    static LATENESS: LazyLock<Histogram> =
        LazyLock::new(|| histogram(names::EXPIRY_LATENESS_SECONDS, SECONDS, &[]));
    for (prompt, due_at) in freed {
        LATENESS.observe(seconds(now - *due_at));
        PROMPTS.of(*prompt).inc();
    }
}

/// A call to the gateway that is under way, until [`Self::end`] or a drop.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    kind: &'a str,
    begun: Instant,
    at_gateway: Gauge,
}

impl<'a> Call<'a> {
    /// Begins a call; the kind is `charge` or `refund`.
    pub(crate) fn begin(kind: &'a str) -> Self {
        let at_gateway = gauge(names::PAYMENTS_AT_GATEWAY, &[]);
        at_gateway.inc();
        Self { kind, begun: Instant::now(), at_gateway }
    }

    /// Ends a call. A call without an answer is counted as a failure.
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

/// Counts that this worker yielded a partition to its owner.
pub(crate) fn yielded() {
    counter(names::PARTITION_YIELDS_TOTAL, &[]).inc();
}

/// Shows who lives and which partitions are this worker's.
pub(crate) fn shared(workers: usize, owns: impl Fn(u16) -> bool, partitions: u16) {
    gauge(names::WORKERS_KNOWN, &[]).set(workers as f64);
    for partition in 0..partitions {
        let queue = Topology::request_queue(partition);
        let owned = f64::from(u8::from(owns(partition)));
        gauge(names::PARTITION_OWNED, &[("queue", queue.as_str())]).set(owned);
    }
}

/// A counter for each value of a label.
struct Labelled<L>(Vec<(L, Counter)>);

impl<L: Copy + PartialEq> Labelled<L> {
    fn new(
        family: Name,
        label: &'static str,
        all: impl Iterator<Item = L>,
        name: fn(L) -> &'static str,
    ) -> Self {
        Self(all.map(|value| (value, counter(family, &[(label, name(value))]))).collect())
    }

    fn of(&self, value: L) -> &Counter {
        let found = self.0.iter().find(|(known, _)| *known == value);
        &found.expect("it was made of all values").1
    }
}

static RESERVATIONS: LazyLock<Labelled<ReservationStatus>> = LazyLock::new(|| {
    // A pending request is only in the broker; no transaction writes this state.
    let written =
        ReservationStatus::ALL.iter().copied().filter(|s| *s != ReservationStatus::Pending);
    Labelled::new(names::RESERVATIONS_TOTAL, "status", written, ReservationStatus::as_str)
});
static REJECTIONS: LazyLock<Labelled<Reason>> = LazyLock::new(|| {
    Labelled::new(names::REJECTIONS_TOTAL, "reason", Reason::ALL.iter().copied(), Reason::as_str)
});
static PROMPTS: LazyLock<Labelled<Prompt>> = LazyLock::new(|| {
    Labelled::new(names::HOLDS_EXPIRED_TOTAL, "prompt", Prompt::ALL.iter().copied(), Prompt::name)
});

/// Registers the metrics of these pools with the value 0. An alert on an increase needs a first
/// value to compare with.
pub(crate) fn register(pools: &[WorkerPool], topology: &Topology) {
    LazyLock::force(&RESERVATIONS);
    for worker_pool in pools {
        for queue in topology.queues_of(*worker_pool) {
            pool(&queue);
        }
        match worker_pool {
            WorkerPool::Reservations => {
                LazyLock::force(&REJECTIONS);
                counter(names::PARTITION_YIELDS_TOTAL, &[]);
            }
            WorkerPool::Payments => {
                gauge(names::PAYMENTS_AT_GATEWAY, &[]);
                for call in ["charge", "refund"] {
                    counter(names::GATEWAY_FAILURES_TOTAL, &[("call", call)]);
                }
            }
            WorkerPool::Expiry => {
                LazyLock::force(&PROMPTS);
            }
        }
    }
}

/// An age in seconds. Clocks of different machines differ, so a negative age is shown as 0.
pub(crate) fn seconds(age: chrono::TimeDelta) -> f64 {
    (age.num_milliseconds().max(0) as f64) / 1_000.0
}
