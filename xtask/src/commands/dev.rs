//! `cargo xtask dev`: the whole system on this machine.

mod output;
mod plan;
mod ready;
mod restarts;
mod supervisor;

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use xtask::servers::{self, Servers};
use xtask::{checkout, note};

use super::page::Page;
use super::run::{Stopped, cargo, is_installed, run};
use super::say::say;
use super::stop::Stop;
use output::Output;
use plan::Plan;
use supervisor::Supervisor;

/// How to start the system.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Debug builds: quicker to build, slower to run
    #[arg(long)]
    debug: bool,
    /// Where buyers reach it; without this, 8080 or the next free port
    #[arg(long)]
    port: Option<u16>,
    /// Leave the page out
    #[arg(long)]
    no_web: bool,
}

/// Builds, starts servers where there are none, then the services, and keeps these running until it is stopped.
pub(crate) fn dev(arguments: &Arguments) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    match start_and_supervise(arguments, &stop) {
        Err(error) if error.is::<Stopped>() => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn start_and_supervise(arguments: &Arguments, stop: &Stop) -> Result<()> {
    let plan = Plan::new(arguments.debug, arguments.port)?;
    build(arguments, stop)?;
    note("starting Postgres and RabbitMQ …");
    let servers = servers::for_dev()?;
    let output = Output::new();
    prepare(&plan, &servers, &output, stop)?;
    let mut supervisor = Supervisor::new(&output);
    let outcome = serve(&plan, &servers, &mut supervisor, stop);
    // The services go before the servers that they use.
    supervisor.stop_all(stop);
    drop(servers);
    outcome
}

fn serve(
    plan: &Plan,
    servers: &Servers,
    supervisor: &mut Supervisor<'_>,
    stop: &Stop,
) -> Result<()> {
    for service in plan.services(servers) {
        supervisor.start(service)?;
    }
    ready::wait(&plan.ready_urls(), supervisor, stop)?;
    say(&format!("Boxoffice is up: {}", plan.url()));
    loop {
        supervisor.look_after()?;
        if stop.wait(Duration::from_millis(100)) {
            bail!(Stopped);
        }
    }
}

/// The schema, and something to sell.
fn prepare(plan: &Plan, servers: &Servers, output: &Output, stop: &Stop) -> Result<()> {
    for task in ["migrate", "seed"] {
        let mut command: Command = plan.command("workers", &[task], servers);
        output.run(task, &mut command, stop).with_context(|| format!("workers {task}"))?;
    }
    Ok(())
}

fn build(arguments: &Arguments, stop: &Stop) -> Result<()> {
    if arguments.debug {
        note("building (debug) …");
        run(&mut cargo(&["build", "-p", "api", "-p", "workers"]), stop)?;
    } else {
        note(
            "building (release, which takes minutes the first time; --debug is quicker to build) …",
        );
        run(&mut cargo(&["build", "--release", "-p", "api", "-p", "workers"]), stop)?;
    }
    match Page::find(&checkout::root()) {
        _ if arguments.no_web => Ok(()),
        Some(page) if is_installed("npm") => build_page(&page, stop),
        Some(page) if page.is_built() => {
            note("npm is not installed: the page stays as it was built last");
            Ok(())
        }
        _ => {
            note("there is no page, or no npm to build it with: going on without");
            Ok(())
        }
    }
}

fn build_page(page: &Page, stop: &Stop) -> Result<()> {
    note("building the page …");
    if let Some(mut install) = page.install() {
        run(&mut install, stop)?;
    }
    run(&mut page.npm(&["run", "--silent", "build"]), stop)
}
