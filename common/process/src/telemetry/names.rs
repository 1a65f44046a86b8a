//! Every metric by name. What is not here is not measured; dashboards and alerts are checked against
//! this list and against what a running system shows.
//!
//! Seconds are seconds, counters end in `_total`. Labels are few and bounded: a pool, a queue, a
//! reason of a closed list; never a seat, an event or a customer. A batch, an envelope and a query
//! count once, whatever they carry, so that measuring costs nothing where the load is.

/// A metric's name and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// As Prometheus shows it.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
}

macro_rules! names {
    ($($(#[doc = $help:literal])+ $constant:ident = $name:literal;)+) => {
        $(
            $(#[doc = $help])+
            pub const $constant: Name =
                Name { name: $name, help: concat!($($help),+).trim_ascii() };
        )+

        /// All of them.
        pub const ALL: &[Name] = &[$($constant),+];
    };
}

names! {
    // Both kinds of process.
    /// Always 1: the version and the kind of process are its labels.
    BUILD_INFO = "boxoffice_build_info";
    /// When the process started, in seconds since 1970.
    START_TIME_SECONDS = "boxoffice_start_time_seconds";
    /// Whether the process takes work now: 1 or 0.
    READY = "boxoffice_ready";
    /// Whether the connection for publishing is open and not blocked by the broker: 1 or 0.
    BROKER_CONNECTED = "boxoffice_broker_connected";
    /// From sending a message to the broker's confirm, by exchange.
    PUBLISH_CONFIRM_SECONDS = "boxoffice_publish_confirm_seconds";
    /// Messages that are not known to be with the broker, by reason: away, full, unroutable, unknown.
    PUBLISH_FAILURES_TOTAL = "boxoffice_publish_failures_total";
    /// Connections to Postgres, by state: idle, used.
    DATABASE_CONNECTIONS = "boxoffice_database_connections";
    /// The most connections to Postgres that the process may open.
    DATABASE_CONNECTIONS_MAX = "boxoffice_database_connections_max";
    /// Messages that wait in a queue, those in the hands of a worker not counted.
    QUEUE_MESSAGES = "boxoffice_queue_messages";
    /// Workers that are subscribed to a queue.
    QUEUE_CONSUMERS = "boxoffice_queue_consumers";
    /// Whether the broker told the depth of its queues when it was asked: 1 or 0.
    QUEUES_VISIBLE = "boxoffice_queues_visible";

    // The front door.

    /// Responses, by status.
    HTTP_RESPONSES_TOTAL = "boxoffice_http_responses_total";
    /// Clients' connections that are open.
    HTTP_CONNECTIONS = "boxoffice_http_connections";
    /// Requests that were answered with a problem, by its type.
    PROBLEMS_TOTAL = "boxoffice_problems_total";
    /// Requests that were confirmed by the broker, by exchange: the beginning of the funnel.
    ACCEPTED_TOTAL = "boxoffice_accepted_total";
    /// Requests that could not be queued, by reason: full, away, unknown, behind.
    NOT_ACCEPTED_TOTAL = "boxoffice_not_accepted_total";
    /// Requests that were refused at once because the board proved that they cannot succeed, by reason.
    EDGE_REFUSALS_TOTAL = "boxoffice_edge_refusals_total";
    /// Requests in an envelope, by exchange.
    ENVELOPE_REQUESTS = "boxoffice_envelope_requests";
    /// From acceptance to the moment at which the outcome was heard here, of the oldest request of each transaction, by pool.
    OUTCOME_SECONDS = "boxoffice_outcome_seconds";
    /// Whether outcomes come in: 1 or 0.
    OUTCOMES_LIVE = "boxoffice_outcomes_live";
    /// Clients that wait for outcomes, long polls and streams together.
    WAITERS = "boxoffice_waiters";
    /// The most clients that may wait.
    WAITERS_MAX = "boxoffice_waiters_max";
    /// Streams that are open, by kind: seats, reservation.
    STREAMS = "boxoffice_streams";
    /// Queries of the front door, by what they read.
    DATABASE_READ_SECONDS = "boxoffice_database_read_seconds";
    /// Queries of the front door that failed, by what they read.
    DATABASE_READ_FAILURES_TOTAL = "boxoffice_database_read_failures_total";

    // The workers.

    /// How old the oldest request in the worker's hands is now, by queue; 0 when it has none.
    QUEUE_AGE_SECONDS = "boxoffice_queue_age_seconds";
    /// From acceptance to decision, of the oldest request of each transaction, by pool.
    QUEUE_WAIT_SECONDS = "boxoffice_queue_wait_seconds";
    /// Envelopes that had been delivered before, by pool.
    REDELIVERED_TOTAL = "boxoffice_redelivered_total";
    /// Requests in a batch, by pool.
    BATCH_REQUESTS = "boxoffice_batch_requests";
    /// Envelopes in a batch, by pool.
    BATCH_ENVELOPES = "boxoffice_batch_envelopes";
    /// A transaction from its begin to its commit, by pool.
    TRANSACTION_SECONDS = "boxoffice_transaction_seconds";
    /// Transactions that began anew, by pool and cause: footprint, conflict, database.
    TRANSACTION_RETRIES_TOTAL = "boxoffice_transaction_retries_total";
    /// Reservations that came into a state, by that state: held, rejected, paying, confirmed, expired, cancelled, refunded.
    RESERVATIONS_TOTAL = "boxoffice_reservations_total";
    /// Reservations that the workers refused, by reason.
    REJECTIONS_TOTAL = "boxoffice_rejections_total";
    /// Payments that came into a state, by that state.
    PAYMENTS_TOTAL = "boxoffice_payments_total";
    /// Payments that did not go through, by reason.
    PAYMENT_REFUSALS_TOTAL = "boxoffice_payment_refusals_total";
    /// Payments that wait for the gateway now.
    PAYMENTS_AT_GATEWAY = "boxoffice_payments_at_gateway";
    /// Calls to the gateway, by kind: charge, refund.
    GATEWAY_SECONDS = "boxoffice_gateway_seconds";
    /// Calls to the gateway without an answer, by kind.
    GATEWAY_FAILURES_TOTAL = "boxoffice_gateway_failures_total";
    /// Holds that were freed, by what prompted it: hold, rearm, sweep. The last means that a message was lost.
    HOLDS_EXPIRED_TOTAL = "boxoffice_holds_expired_total";
    /// From the moment at which a hold is due to the commit that frees it.
    EXPIRY_LATENESS_SECONDS = "boxoffice_expiry_lateness_seconds";
    /// Whether this worker owns a partition of the requests: 1 or 0.
    PARTITION_OWNED = "boxoffice_partition_owned";
    /// The live reservation workers, as this one knows them.
    WORKERS_KNOWN = "boxoffice_workers_known";
    /// How often a worker stood back from a partition of another.
    PARTITION_YIELDS_TOTAL = "boxoffice_partition_yields_total";
    /// What was given up as dead letters, by pool.
    DEAD_LETTERS_TOTAL = "boxoffice_dead_letters_total";
    /// Rows that break an invariant, as of the last audit.
    AUDIT_VIOLATIONS = "boxoffice_audit_violations";
    /// When the last audit ended, in seconds since 1970; 0 before the first.
    AUDIT_TIME_SECONDS = "boxoffice_audit_time_seconds";
    /// How long the last audit took.
    AUDIT_DURATION_SECONDS = "boxoffice_audit_duration_seconds";
    /// Audits that could not be made.
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
