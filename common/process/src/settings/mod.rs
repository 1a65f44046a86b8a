//! Settings: defaults, then a TOML file, then the environment.
//!
//! `BOXOFFICE_CONFIG` names the file. A variable is `BOXOFFICE__SECTION__NAME`, such as
//! `BOXOFFICE__DATABASE__URL`; the usual `DATABASE_URL` and `AMQP_URL` are read too. A secret can
//! be in a file of its own; a variable with `_FILE` at the end of its name gives the path. Unknown
//! names are an error, so that a misspelt one is noticed. Units stand last in names.

use serde::Deserialize;

// Above the modules, because a macro is in scope only below its definition.
macro_rules! settings {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$fdoc:meta])* $field:ident: $type:ty = $default:expr),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }
    };
}

mod front_door;
mod load;
mod network;
mod secret;
mod workers;

pub use front_door::{Api, Limits};
pub use network::Network;
pub use secret::Secret;
pub use workers::Workers;

settings! {
    /// Everything that can be set.
    Settings {
        /// How to reach Postgres.
        database: Database = Database::default(),
        /// How to reach RabbitMQ.
        broker: Broker = Broker::default(),
        /// Queues and partitions. All processes of one system must agree.
        topology: Topology = Topology::default(),
        /// The front door, which serves buyers.
        api: Api = Api::default(),
        /// How much one client may ask of the front door.
        limits: Limits = Limits::default(),
        /// The worker pools.
        workers: Workers = Workers::default(),
        /// What is logged, and how.
        log: Log = Log::default(),
        /// Where spans are sent.
        traces: Traces = Traces::default(),
        /// The secret that ids and ticket codes are made with. All front doors share it. Whoever
        /// knows it can forge ids. The default is for development.
        secret: Secret = Secret::from(DEVELOPMENT_SECRET),
    }
}

/// The secret used when none is set. Every process logs a warning at start if it is in use.
pub const DEVELOPMENT_SECRET: &str = "boxoffice development secret: set your own";

settings! {
    /// Postgres.
    Database {
        /// `postgres://user:password@host:port/database`.
        url: Secret = Secret::from("postgres://postgres@127.0.0.1:5432/boxoffice"),
        /// Maximum connections of one process.
        connections_max: u32 = 12,
        /// How long to wait for a free connection of the pool.
        acquire_timeout_ms: u64 = 3_000,
        /// How long a statement may wait for a lock before its batch is tried again.
        lock_timeout_ms: u32 = 2_000,
        /// How long a statement may run before Postgres cancels it.
        statement_timeout_ms: u32 = 15_000,
    }
}

settings! {
    /// RabbitMQ.
    Broker {
        /// `amqp://user:password@host:port/vhost`; `%2f` is the default virtual host.
        url: Secret = Secret::from("amqp://guest:guest@127.0.0.1:5672/%2f"),
        /// The management API, for what AMQP cannot show to operators' commands:
        /// `http://user:password@host:15672`. Optional.
        management_url: Option<Secret> = None,
        /// How long opening a connection may take.
        connect_timeout_ms: u64 = 5_000,
        /// How long a publish may wait for its confirm. After that, it is unknown whether the
        /// broker has the message.
        publish_timeout_ms: u64 = 5_000,
        /// How often each side sends a heartbeat. A peer is considered dead after two silent
        /// intervals.
        heartbeat_seconds: u16 = 10,
        /// Whether processes declare exchanges and queues. If false, an operator has declared them,
        /// and the broker's user needs no right to.
        declare: bool = true,
    }
}

settings! {
    /// Queues and partitions.
    Topology {
        /// Partitions of reservation requests. More reservation workers than partitions are of no
        /// use.
        request_partitions: u16 = 16,
        /// Partitions of payment requests.
        payment_partitions: u16 = 4,
        /// TTLs of the delay queues. Give each usual hold length of your events a queue of its own:
        /// the hold then expires after one hop.
        delays_ms: Vec<u32> = vec![
            100, 500, 1_000, 2_000, 5_000, 15_000, 60_000, 120_000, 300_000, 900_000,
        ],
        /// Maximum envelopes in one partition. The broker rejects more.
        requests_max_length: u32 = 10_000,
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
        /// A collector that accepts OTLP over HTTP, such as `http://collector:4318`; empty for
        /// none.
        otlp_url: String = String::new(),
    }
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Aligned text, for people.
    Pretty,
    /// JSON, for machines.
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
