//! Settings: defaults, then a TOML file, then the environment.
//!
//! The file is named by `BOXOFFICE_CONFIG`. A variable is `BOXOFFICE__SECTION__NAME`, such as
//! `BOXOFFICE__DATABASE__URL`; the usual `DATABASE_URL` and `AMQP_URL` are read too. A secret may be in
//! a file of its own, named by its variable with `_FILE` at the end. Unknown names are refused, so that
//! a misspelt one is noticed. Units stand last in names.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

mod load;
mod network;

pub use network::Network;

/// A text that must not be shown: its `Debug` hides it.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

macro_rules! settings {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty = $default:expr),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }
    };
}

settings! {
    /// Everything that can be set.
    Settings {
        /// Postgres.
        database: Database = Database::default(),
        /// RabbitMQ.
        broker: Broker = Broker::default(),
        /// Queues. All processes of one system must agree.
        topology: Topology = Topology::default(),
        /// The front door.
        api: Api = Api::default(),
        /// How much one client may ask of the front door.
        limits: Limits = Limits::default(),
        /// The worker pools.
        workers: Workers = Workers::default(),
        /// What is logged, and how.
        log: Log = Log::default(),
        /// Where spans are sent.
        traces: Traces = Traces::default(),
        /// The secret that ids and ticket codes are made with. All front doors share it; whoever
        /// knows it can forge ids. The default is for development.
        secret: Secret = Secret::from(DEVELOPMENT_SECRET),
    }
}

/// The secret where none is set; every process warns of it at start.
pub const DEVELOPMENT_SECRET: &str = "boxoffice development secret: set your own";

settings! {
    /// Postgres.
    Database {
        /// `postgres://user:password@host:port/database`.
        url: Secret = Secret::from("postgres://postgres@127.0.0.1:5432/boxoffice"),
        /// Connections of one process, at most.
        connections_max: u32 = 12,
        /// How long to wait for a connection.
        acquire_timeout_ms: u64 = 3_000,
        /// How long a statement may wait for a lock before its batch is tried again.
        lock_timeout_ms: u32 = 2_000,
        /// How long a statement may take.
        statement_timeout_ms: u32 = 15_000,
    }
}

settings! {
    /// RabbitMQ.
    Broker {
        /// `amqp://user:password@host:port/vhost`; `%2f` is the default virtual host.
        url: Secret = Secret::from("amqp://guest:guest@127.0.0.1:5672/%2f"),
        /// The management API, for what AMQP cannot tell operators' commands:
        /// `http://user:password@host:15672`. Everything works without it.
        management_url: Option<Secret> = None,
        /// How long a connection may take to open.
        connect_timeout_ms: u64 = 5_000,
        /// How long a publish may wait for its confirm before its fate counts as unknown.
        publish_timeout_ms: u64 = 5_000,
        /// How often each side shows that it lives; a silent peer is given up after two of these.
        heartbeat_seconds: u16 = 10,
        /// Whether processes declare exchanges and queues. Without, somebody else has done it, and
        /// the broker's user needs no right to.
        declare: bool = true,
    }
}

settings! {
    /// Queues.
    Topology {
        /// Partitions of reservation requests: the most reservation workers that can be of use.
        request_partitions: u16 = 16,
        /// Partitions of payment requests.
        payment_partitions: u16 = 4,
        /// The delay queues. Give the usual hold lengths of your events a queue each: their expiry
        /// then takes one hop.
        delays_ms: Vec<u32> = vec![
            100, 500, 1_000, 2_000, 5_000, 15_000, 60_000, 120_000, 300_000, 900_000,
        ],
        /// Envelopes that may wait in one partition before the broker refuses more.
        requests_max_length: u32 = 10_000,
    }
}

settings! {
    /// The front door.
    Api {
        /// Where buyers reach it.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)),
        /// Where operators reach it: never to be open to the public.
        admin_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9080)),
        /// The folder of the built page.
        web_dir: PathBuf = PathBuf::from("web/dist"),
        /// Connections of clients that are open at once, at most; more wait to be accepted.
        connections_max: usize = 100_000,
        /// Requests that may wait for an envelope of one partition before more are refused.
        waiting_queue_max: usize = 20_000,
        /// Requests in one envelope, at most.
        envelope_requests_max: usize = 500,
        /// Envelopes of requests on their way to the broker at once: the others fill meanwhile.
        envelopes_in_flight_max: usize = 4,
        /// How long a buyer waits: a request that is older when its turn comes is refused.
        patience_ms: u32 = 30_000,
        /// How long the oldest request of a queue may wait before new ones are refused with 503. Less
        /// than the patience: what is accepted should be decided within it.
        lag_max_ms: u32 = 20_000,
        /// Requests that are certain to be refused are refused at once, without a message. Off, they are
        /// queued like all others.
        edge_refusal: bool = true,
        /// The longest that `Prefer: wait` waits.
        wait_seconds_max: u32 = 30,
        /// Requests that may wait for an outcome at once, long polls and streams together.
        waiters_max: usize = 100_000,
        /// The largest request body.
        body_bytes_max: usize = 16_384,
        /// How long a request may take, waiting for an outcome not counted.
        request_timeout_ms: u64 = 10_000,
        /// How long the head of a request may take to come, and how long a connection may be idle.
        head_timeout_ms: u64 = 75_000,
        /// How long the body of a request may take to come.
        body_timeout_ms: u64 = 5_000,
        /// How long readiness fails after SIGTERM before no more connections are taken. Behind a
        /// balancer: longer than it takes to notice.
        drain_notice_ms: u64 = 0,
        /// How long to finish what is in hand after that.
        drain_ms: u64 = 10_000,
        /// Bearer tokens of organisers; none configured refuses all.
        organiser_tokens: Vec<Secret> = Vec::new(),
    }
}

settings! {
    /// How much one client may ask of the front door; more is a 429. Each front door counts by itself.
    Limits {
        /// Requests of one address in the long run; 0 for no limit. An IPv6 client is its /64.
        address_per_minute: u32 = 6_000,
        /// Requests of one address at once, after a rest.
        address_burst: u32 = 2_000,
        /// Requests for tickets of one customer in the long run; 0 for no limit.
        customer_per_minute: u32 = 60,
        /// Requests for tickets of one customer at once, after a rest.
        customer_burst: u32 = 30,
        /// Addresses, and customers, that are told apart; 8 bytes of memory each.
        names_max: usize = 65_536,
        /// The proxies whose `X-Forwarded-For` is believed: addresses, networks, or `private`.
        trusted_proxies: Vec<Network> = vec![Network::Private],
    }
}

settings! {
    /// The worker pools.
    Workers {
        /// Where operators reach a worker process.
        admin_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9081)),
        /// Requests in one transaction, at most.
        batch_requests_max: usize = 500,
        /// Transactions of requests that a process runs side by side. The partitions are divided
        /// among them.
        lanes: u16 = 2,
        /// Envelopes that the broker sends ahead, for each partition.
        prefetch: u16 = 16,
        /// How often a worker shows that it lives.
        beat_ms: u64 = 1_000,
        /// A worker that was not heard for this long is taken for gone.
        forget_ms: u64 = 5_000,
        /// How long a worker goes on with a partition of another before it stands back; twice this
        /// lies at least between two such steps.
        yield_after_ms: u64 = 1_000,
        /// Payments that one process has at the gateway at once.
        payments_at_once: usize = 64,
        /// How long a call to the gateway may take before it is tried again with the same key.
        gateway_timeout_ms: u64 = 8_000,
        /// How often holds are looked for whose expiry message was lost; 0 turns it off.
        overdue_sweep_interval_ms: u64 = 30_000,
        /// How long a hold must be overdue before the sweep sends a message for it again.
        overdue_sweep_after_ms: u64 = 5_000,
        /// How often an expiry worker proves the invariants against the whole database; 0 turns it
        /// off.
        audit_interval_ms: u64 = 300_000,
        /// Whether an expiry worker sends messages for all holds again when it starts.
        sweep_at_start: bool = true,
        /// How long to finish what is in hand after SIGTERM.
        drain_ms: u64 = 20_000,
    }
}

settings! {
    /// What is logged, and how.
    Log {
        /// `pretty` for people, `json` for machines.
        format: LogFormat = LogFormat::Json,
        /// A filter in the syntax of `tracing_subscriber::EnvFilter`.
        filter: String = "info".to_owned(),
    }
}

settings! {
    /// Where spans are sent.
    Traces {
        /// A collector that takes OTLP over HTTP, such as `http://collector:4318`; empty for none.
        otlp_url: String = String::new(),
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

impl Settings {
    fn check(&self) -> anyhow::Result<()> {
        let topology = &self.topology;
        let partitions = 1..=256;
        anyhow::ensure!(
            partitions.contains(&topology.request_partitions)
                && partitions.contains(&topology.payment_partitions),
            "topology: partitions must be from 1 to 256"
        );
        anyhow::ensure!(
            !topology.delays_ms.is_empty() && topology.delays_ms.len() <= 64,
            "topology.delays_ms: from 1 to 64 delays"
        );
        anyhow::ensure!(
            (1..=64).contains(&self.workers.lanes),
            "workers.lanes must be from 1 to 64"
        );
        anyhow::ensure!(
            self.workers.forget_ms > 2 * self.workers.beat_ms,
            "workers.forget_ms must be more than two beats"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let shown = format!("{:?}", Settings::default());
        assert!(!shown.contains("guest:guest") && !shown.contains(DEVELOPMENT_SECRET), "{shown}");
    }

    #[test]
    fn a_misspelt_name_is_refused() {
        let source = config::File::from_str("[database]\nurll = 'x'", config::FileFormat::Toml);
        let read = config::Config::builder().add_source(source).build().expect("TOML");
        assert!(read.try_deserialize::<Settings>().is_err());
    }
}
