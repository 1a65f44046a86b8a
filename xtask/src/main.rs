//! The project's commands: `cargo xtask <command>`.

mod commands;

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use testbed::checkout;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's commands", disable_version_flag = true)]
struct Arguments {
    /// Install nothing on this machine with apt-get: say what is missing, and end
    #[arg(long, global = true)]
    no_install: bool,
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start the whole system on this machine, and keep it running until Ctrl-C
    Dev(commands::dev::Arguments),
    /// Test everything, cheapest first
    Test(commands::test::Arguments),
    /// Play a small sale against the running system, and check that nothing was lost or sold twice
    Demo(commands::demo::Arguments),
    /// Play load against a private system on this machine, and tell what it takes
    Bench(commands::bench::Arguments),
    /// Break processes, networks and servers under load for a long while, and check what clients
    /// were told
    Faults(commands::faults::Arguments),
    /// Break the system on purpose, and show which tests notice
    Broken(commands::broken::Arguments),
    /// Write what the compiler must know of each SQL statement, after one or the schema has changed
    Sql,
    /// Start private servers for tests that are run by hand; print their settings; end with Ctrl-C
    Servers,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.command, !arguments.no_install) {
        Ok(code) => code,
        Err(error) => {
            testbed::note(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task, may_install: bool) -> Result<ExitCode> {
    fs::create_dir_all(checkout::temporary())?;
    match task {
        Task::Dev(arguments) => commands::dev::dev(arguments, may_install),
        Task::Test(arguments) => commands::test::test(arguments, may_install),
        Task::Demo(arguments) => commands::demo::demo(arguments),
        Task::Bench(arguments) => commands::bench::bench(arguments),
        Task::Faults(arguments) => commands::faults::faults(arguments),
        Task::Broken(arguments) => commands::broken::broken(arguments),
        Task::Sql => commands::sql::write_statements(may_install),
        Task::Servers => commands::serve::run(may_install),
    }
}
