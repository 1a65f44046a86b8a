//! `cargo xtask faults`: the long run of the fault harness, for nightly use.

use std::hash::{BuildHasher, RandomState};
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;
use testbed::checkout;

use super::run::{Stopped, cargo, run};
use super::stop::Stop;

/// How long, and what is drawn.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What is drawn follows from it: give the one that a run printed to play it again
    #[arg(long)]
    seed: Option<u64>,
    /// How long rounds are begun
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Customers that come in a second
    #[arg(long, default_value_t = 20)]
    rate: u64,
    /// Three RabbitMQ nodes, one of which is killed, and a Postgres with a standby that is promoted
    #[arg(long)]
    cluster: bool,
}

/// Builds with fail points (so this is not a release build), and runs to the end.
pub(crate) fn faults(arguments: &Arguments) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let seed = arguments.seed.unwrap_or_else(|| RandomState::new().hash_one(()) % 1_000_000);
    // Build the whole workspace, so that features are the same as in the test build.
    let mut build = cargo(&["build", "--workspace", "--bins", "--locked"]);
    let result = run(&mut build, &stop).and_then(|()| {
        let mut faults = Command::new(checkout::target().join("debug").join("faults"));
        for number in [seed, arguments.minutes, arguments.rate] {
            faults.arg(number.to_string());
        }
        if arguments.cluster {
            faults.arg("cluster");
        }
        run(faults.current_dir(checkout::root()), &stop)
    });
    match result {
        Err(error) if error.is::<Stopped>() => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}
