//! `cargo xtask bench`: release builds, and the load kit with the arguments that were given.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;
use testbed::{checkout, note};

use super::run::{Stopped, cargo, run};
use super::stop::Stop;

/// What to play.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Debug builds: quicker to build; their figures mean nothing
    #[arg(long)]
    debug: bool,
    /// A scenario and its options; `cargo xtask bench help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, default_value = "help")]
    kit: Vec<String>,
}

/// Builds the load kit and runs it to its end.
pub(crate) fn bench(arguments: &Arguments) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let result = build(arguments.debug, &stop).and_then(|()| {
        let profile = if arguments.debug { "debug" } else { "release" };
        let mut kit = Command::new(checkout::target().join(profile).join("bench"));
        run(kit.args(&arguments.kit).current_dir(checkout::root()), &stop)
    });
    match result {
        Err(error) if error.is::<Stopped>() => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn build(debug: bool, stop: &Stop) -> Result<()> {
    let mut build = cargo(&["build", "-p", "api", "-p", "workers", "-p", "bench"]);
    if !debug {
        note("building (release, which takes minutes the first time) …");
        build.arg("--release");
    }
    run(&mut build, stop)
}
