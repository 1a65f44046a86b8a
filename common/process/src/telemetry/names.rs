//! Every metric by name. What is not in this list is not measured. Tests compare dashboards and
//! alerts with this list and with what a running system shows.
//!
//! Times are in seconds; counters end in `_total`. Labels are few and bounded: a pool, a queue, a
//! reason of a closed list; never a seat, an event or a customer. A batch, an envelope and a query
//! each count once, whatever their size, so that measuring costs little under load.

/// A metric's name and its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The name in Prometheus.
    pub name: &'static str,
    /// One sentence, shown as the metric's `# HELP` line.
    pub help: &'static str,
}

macro_rules! names {
    ($($(#[doc = $help:literal])+ $constant:ident = $name:literal;)+) => {
        $(
            $(#[doc = $help])+
            pub const $constant: Name =
                Name { name: $name, help: concat!($($help),+).trim_ascii() };
        )+

        /// All metrics, for the tests that compare.
        pub const ALL: &[Name] = &[$($constant),+];
    };
}

names! {
    // Both kinds of process.
    /// Always 1: the version and the kind of process are its labels.
    BUILD_INFO = "boxoffice_build_info";
    /// Start time of the process, in seconds since 1970.
    START_TIME_SECONDS = "boxoffice_start_time_seconds";
    /// Whether the process accepts work now: 1 or 0.
    READY = "boxoffice_ready";
    /// Whether the connection for publishing is open and not blocked by the broker: 1 or 0.
    BROKER_CONNECTED = "boxoffice_broker_connected";
    /// Time from publishing a message to the broker's confirm, by exchange.
    PUBLISH_CONFIRM_SECONDS = "boxoffice_publish_confirm_seconds";
    /// Messages without a positive publisher confirm, by reason: away, full, unroutable, unknown.
    PUBLISH_FAILURES_TOTAL = "boxoffice_publish_failures_total";
    /// Connections to Postgres, by state: idle, used.
    DATABASE_CONNECTIONS = "boxoffice_database_connections";
    /// Maximum connections to Postgres that the process may open.
    DATABASE_CONNECTIONS_MAX = "boxoffice_database_connections_max";
    /// Messages ready in a queue. Messages delivered to a worker and not acked are not counted.
    QUEUE_MESSAGES = "boxoffice_queue_messages";
    /// Workers subscribed to a queue.
    QUEUE_CONSUMERS = "boxoffice_queue_consumers";
    /// Whether the broker reported the depth of its queues when it was last asked: 1 or 0.
    QUEUES_VISIBLE = "boxoffice_queues_visible";

    // The front door.

    /// Responses, by status.
    HTTP_RESPONSES_TOTAL = "boxoffice_http_responses_total";
    /// Open connections of clients.
    HTTP_CONNECTIONS = "boxoffice_http_connections";
    /// Requests answered with a problem, by its type.
    PROBLEMS_TOTAL = "boxoffice_problems_total";
    /// Requests whose envelope the broker confirmed, by exchange.
    ACCEPTED_TOTAL = "boxoffice_accepted_total";
    /// Requests that could not be queued, by reason: full, away, unknown, behind.
    NOT_ACCEPTED_TOTAL = "boxoffice_not_accepted_total";
    /// Requests refused at once because the board proved that they cannot succeed, by reason.
    EDGE_REFUSALS_TOTAL = "boxoffice_edge_refusals_total";
    /// Requests in an envelope, by exchange.
    ENVELOPE_REQUESTS = "boxoffice_envelope_requests";
    /// Time from acceptance until this front door received the outcome, of the oldest request of
    /// each transaction, by pool.
    OUTCOME_SECONDS = "boxoffice_outcome_seconds";
    /// Whether the feed of outcomes is connected: 1 or 0.
    OUTCOMES_LIVE = "boxoffice_outcomes_live";
    /// Clients that wait for outcomes, long polls and streams together.
    WAITERS = "boxoffice_waiters";
    /// Maximum clients that may wait for outcomes.
    WAITERS_MAX = "boxoffice_waiters_max";
    /// Open streams, by kind: seats, reservation.
    STREAMS = "boxoffice_streams";
    /// Queries of the front door, by what they read.
    DATABASE_READ_SECONDS = "boxoffice_database_read_seconds";
    /// Failed queries of the front door, by what they read.
    DATABASE_READ_FAILURES_TOTAL = "boxoffice_database_read_failures_total";

    // The workers.

    /// Age of the oldest request that the worker has in hand, by queue; 0 if it has none.
    QUEUE_AGE_SECONDS = "boxoffice_queue_age_seconds";
    /// Time from acceptance to decision, of the oldest request of each transaction, by pool.
    QUEUE_WAIT_SECONDS = "boxoffice_queue_wait_seconds";
    /// Redelivered envelopes, by pool.
    REDELIVERED_TOTAL = "boxoffice_redelivered_total";
    /// Requests in a batch, by pool.
    BATCH_REQUESTS = "boxoffice_batch_requests";
    /// Envelopes in a batch, by pool.
    BATCH_ENVELOPES = "boxoffice_batch_envelopes";
    /// Time from the begin of a transaction to its commit, by pool.
    TRANSACTION_SECONDS = "boxoffice_transaction_seconds";
    /// Transactions that were retried, by pool and cause: footprint, conflict, database.
    TRANSACTION_RETRIES_TOTAL = "boxoffice_transaction_retries_total";
    /// Reservations that entered a state, by that state: held, rejected, paying, confirmed,
    /// expired, cancelled, refunded.
    RESERVATIONS_TOTAL = "boxoffice_reservations_total";
    /// Reservations that the workers rejected, by reason.
    REJECTIONS_TOTAL = "boxoffice_rejections_total";
    /// Payments that entered a state, by that state.
    PAYMENTS_TOTAL = "boxoffice_payments_total";
    /// Payments that failed, by reason.
    PAYMENT_REFUSALS_TOTAL = "boxoffice_payment_refusals_total";
    /// Payments that the gateway is processing now.
    PAYMENTS_AT_GATEWAY = "boxoffice_payments_at_gateway";
    /// Calls to the gateway, by kind: charge, refund.
    GATEWAY_SECONDS = "boxoffice_gateway_seconds";
    /// Calls to the gateway that got no answer, by kind.
    GATEWAY_FAILURES_TOTAL = "boxoffice_gateway_failures_total";
    /// Expired holds, by what prompted the expiry: hold (its own message), start (the sweep at
    /// start), sweep (the sweep for overdue holds: their own message was lost).
    HOLDS_EXPIRED_TOTAL = "boxoffice_holds_expired_total";
    /// Time from the moment at which a hold is due to the commit that frees it.
    EXPIRY_LATENESS_SECONDS = "boxoffice_expiry_lateness_seconds";
    /// Whether this worker owns a partition of the requests: 1 or 0.
    PARTITION_OWNED = "boxoffice_partition_owned";
    /// Live reservation workers, as this worker knows them.
    WORKERS_KNOWN = "boxoffice_workers_known";
    /// How often a worker yielded a partition to its owner.
    PARTITION_YIELDS_TOTAL = "boxoffice_partition_yields_total";
    /// Messages that were dead-lettered, by pool.
    DEAD_LETTERS_TOTAL = "boxoffice_dead_letters_total";
    /// Rows that violate an invariant, as of the last audit.
    AUDIT_VIOLATIONS = "boxoffice_audit_violations";
    /// End of the last audit, in seconds since 1970; 0 before the first.
    AUDIT_TIME_SECONDS = "boxoffice_audit_time_seconds";
    /// Duration of the last audit.
    AUDIT_DURATION_SECONDS = "boxoffice_audit_duration_seconds";
    /// Audits that failed to run.
    AUDIT_FAILURES_TOTAL = "boxoffice_audit_failures_total";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_plain_and_explained() {
        let mut seen = std::collections::BTreeSet::new();
        for Name { name, help } in ALL {
            assert!(seen.insert(name), "{name} is there twice");
            assert!(name.starts_with("boxoffice_"), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert!(help.ends_with('.') && help.len() > 10, "{name}: {help}");
        }
    }
}
