//! Settings of the front door, and its limits for each client.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Network, Secret};

settings! {
    /// The front door.
    Api {
        /// Address for buyers.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)),
        /// Address for operators. Never open it to the public.
        admin_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9080)),
        /// The folder of the built web page.
        web_dir: PathBuf = PathBuf::from("web/dist"),
        /// Maximum open connections of clients. Further ones wait to be accepted.
        connections_max: usize = 100_000,
        /// Maximum requests that wait for an envelope of one partition. Further ones are refused.
        waiting_queue_max: usize = 20_000,
        /// Maximum requests in one envelope.
        envelope_requests_max: usize = 500,
        /// Maximum envelopes that wait for the broker's confirm at once. Meanwhile the next ones
        /// fill.
        envelopes_in_flight_max: usize = 4,
        /// How long a buyer waits. A request that is older when it is decided is refused.
        patience_ms: u32 = 30_000,
        /// How old the oldest request of a queue may be before new ones are refused with 503. Less
        /// than `patience_ms`: an accepted request should be decided in time.
        lag_max_ms: u32 = 20_000,
        /// Whether requests that are certain to fail are refused at once, without a message. If
        /// false, they are queued like all others.
        edge_refusal: bool = true,
        /// Maximum seconds that `Prefer: wait` waits.
        wait_seconds_max: u32 = 30,
        /// Maximum clients that wait for an outcome, long polls and streams together.
        waiters_max: usize = 100_000,
        /// Maximum size of a request body.
        body_bytes_max: usize = 16_384,
        /// How long a request may take, without the time that it waits for an outcome.
        request_timeout_ms: u64 = 10_000,
        /// How long the head of a request may take to arrive, and how long a connection may be
        /// idle.
        head_timeout_ms: u64 = 75_000,
        /// How long the body of a request may take to arrive.
        body_timeout_ms: u64 = 5_000,
        /// How long readiness fails after SIGTERM before the listener closes. Behind a load
        /// balancer: longer than it takes to notice.
        drain_notice_ms: u64 = 0,
        /// How long to finish work in hand after that.
        drain_ms: u64 = 10_000,
        /// Bearer tokens of organisers. If there are none, every token is refused.
        organiser_tokens: Vec<Secret> = Vec::new(),
    }
}

settings! {
    /// How much one client may ask of the front door. More is a 429. Each front door counts alone.
    Limits {
        /// Long-term rate for one address; 0 for no limit. An IPv6 client is its /64 network.
        address_per_minute: u32 = 6_000,
        /// Requests of one address at once, after a pause.
        address_burst: u32 = 2_000,
        /// Long-term rate of ticket requests for one customer; 0 for no limit.
        customer_per_minute: u32 = 60,
        /// Ticket requests of one customer at once, after a pause.
        customer_burst: u32 = 30,
        /// Maximum addresses, and customers, that are counted separately; 8 bytes of memory each.
        names_max: usize = 65_536,
        /// Proxies whose `X-Forwarded-For` is trusted: addresses, networks, or `private`.
        trusted_proxies: Vec<Network> = vec![Network::Private],
    }
}
