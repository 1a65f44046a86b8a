//! Options of every scenario.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::scenarios::{Mode, Options};
use crate::stage::SystemOptions;

/// What every scenario takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// A setting of the system, such as workers.prefetch=32; may be given again and again
    #[arg(long = "set", global = true, value_parser = setting)]
    settings: Vec<(String, String)>,
    /// The worker processes: the pool of each
    #[arg(long, global = true, value_delimiter = ',', default_value = "all")]
    workers: Vec<String>,
    /// For how many seconds buyers wait for the decision in the answer to their request
    #[arg(long, global = true, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=30))]
    wait: u32,
    /// Instead of waiting, buyers ask again after so many milliseconds
    #[arg(long, global = true, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    poll_ms: Option<u64>,
    /// Connections of buyers, at most; open files of a process may allow fewer
    #[arg(long, global = true, default_value_t = 60_000)]
    connections: usize,
    /// Buyers share connections by HTTP/2, as behind a proxy: more of them than this process may
    /// have open files
    #[arg(long, global = true)]
    http2: bool,
    /// Sections of the event
    #[arg(long, global = true, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    sections: u64,
    /// Standing room instead of seats
    #[arg(long, global = true)]
    standing: bool,
    /// Tickets of one customer, at most: what keeping it costs
    #[arg(long, global = true, value_parser = clap::value_parser!(i32).range(1..))]
    customer_limit: Option<i32>,
}

impl Common {
    /// The same, as scenarios take it.
    pub(super) fn options(&self) -> Options {
        let mode = match self.poll_ms {
            None => Mode::Wait { seconds: self.wait },
            Some(ms) => Mode::Poll {
                every: Duration::from_millis(ms),
                patience: Duration::from_secs(u64::from(self.wait)),
            },
        };
        Options {
            mode,
            shares_connections: self.http2,
            connections_max: self.connections,
            sections: self.sections,
            seated: !self.standing,
            customer_limit: self.customer_limit,
            system: SystemOptions {
                settings: self.settings.clone(),
                workers: self.workers.clone(),
                workers_later: false,
            },
        }
    }
}

fn setting(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').context("give name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}
