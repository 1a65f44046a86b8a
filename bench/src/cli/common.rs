//! Options that every scenario has.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use clap::value_parser as within;

use crate::scenarios::{Mode, Options};
use crate::stage::SystemOptions;

#[derive(Debug, Args)]
pub(super) struct Common {
    /// A setting of the system, such as workers.prefetch=32; can be repeated
    #[arg(long = "set", global = true, value_parser = setting)]
    settings: Vec<(String, String)>,
    /// The pool of each worker process
    #[arg(long, global = true, value_delimiter = ',', default_value = "all")]
    workers: Vec<String>,
    /// How many seconds buyers wait for the decision in the response to their request
    #[arg(long, global = true, default_value_t = 30, value_parser = within!(u32).range(1..=30))]
    wait: u32,
    /// Buyers do not wait but ask again after this many milliseconds
    #[arg(long, global = true, value_parser = within!(u64).range(1..=60_000))]
    poll_ms: Option<u64>,
    /// Maximum connections of buyers; the limit of open files of a process may allow fewer
    #[arg(long, global = true, default_value_t = 60_000)]
    connections: usize,
    /// Buyers share connections by HTTP/2, as behind a proxy; for more buyers than this process may
    /// have open files
    #[arg(long, global = true)]
    http2: bool,
    /// Sections of the event
    #[arg(long, global = true, default_value_t = 64, value_parser = within!(u64).range(1..=1_000))]
    sections: u64,
    /// Standing places instead of seats
    #[arg(long, global = true)]
    standing: bool,
    /// Maximum tickets of one customer; measures what this check costs
    #[arg(long, global = true, value_parser = within!(i32).range(1..))]
    customer_limit: Option<i32>,
}

impl Common {
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
