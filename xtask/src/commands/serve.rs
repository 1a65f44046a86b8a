//! `cargo xtask servers`: private servers for tests that are run by hand.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use super::say::say;
use super::stop::Stop;
use testbed::{servers, tools};

/// Starts the servers, prints settings for a shell, and waits for Ctrl-C.
pub(crate) fn run(may_install: bool) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    tools::install_missing(&servers::tools_for_tests(), may_install)?;
    let servers = servers::for_tests()?;
    let postgres = servers.postgres.as_ref().and_then(servers::postgres::Postgres::pid);
    let rabbitmq = servers.rabbitmq.as_ref().and_then(servers::rabbitmq::RabbitMq::pid);
    for pid in [postgres, rabbitmq].into_iter().flatten() {
        say(&format!("# pid {pid}"));
    }
    for (name, value) in servers.test_settings() {
        say(&format!("export {name}='{value}'"));
    }
    while !stop.wait(Duration::MAX) {}
    Ok(ExitCode::SUCCESS)
}
