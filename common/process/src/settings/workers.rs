//! Settings of the worker pools.

use std::net::SocketAddr;

settings! {
    /// The worker pools.
    Workers {
        /// Address for operators.
        admin_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9081)),
        /// Maximum requests in one transaction.
        batch_requests_max: usize = 500,
        /// Transactions of requests that a process runs concurrently. Its partitions are divided
        /// among them.
        lanes: u16 = 2,
        /// Envelopes that the broker delivers before the first is acked, for each partition.
        prefetch: u16 = 16,
        /// How often a worker announces that it is alive.
        beat_ms: u64 = 1_000,
        /// A worker that announced nothing for this long is considered dead.
        forget_ms: u64 = 5_000,
        /// How long a worker keeps a partition that another one owns before it yields it. Between
        /// two yields there is at least twice this time.
        yield_after_ms: u64 = 1_000,
        /// Maximum payments that one process has at the gateway at once.
        payments_at_once: usize = 64,
        /// How long a call to the gateway may take before it is retried with the same key.
        gateway_timeout_ms: u64 = 8_000,
        /// How often to look for overdue holds whose expiry message was lost; 0 turns the sweep
        /// off.
        overdue_sweep_interval_ms: u64 = 30_000,
        /// How long a hold must be overdue before the sweep publishes a new message for it.
        overdue_sweep_after_ms: u64 = 5_000,
        /// How often an expiry worker checks the invariants against the whole database; 0 turns it
        /// off.
        audit_interval_ms: u64 = 300_000,
        /// Whether an expiry worker publishes messages for all holds when it starts.
        sweep_at_start: bool = true,
        /// How long to finish work in hand after SIGTERM.
        drain_ms: u64 = 20_000,
    }
}
