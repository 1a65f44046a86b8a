//! `cargo xtask dev`: the whole system on this machine.

mod output;
mod plan;
mod ready;
mod restarts;
mod supervisor;

use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use testbed::servers::{ForDev, Servers};
use testbed::{checkout, note, tools};

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
    /// As it is deployed: a build that takes many minutes the first time, and runs faster
    #[arg(long)]
    release: bool,
    /// Where buyers reach it; without this, 8080 or the next free port
    #[arg(long)]
    port: Option<u16>,
    /// Leave the page out
    #[arg(long)]
    no_web: bool,
}

/// Builds, starts missing servers and then the services, and keeps the services running until it is
/// stopped.
pub(crate) fn dev(arguments: &Arguments, may_install: bool) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    match start_and_supervise(arguments, may_install, &stop) {
        Err(error) if error.is::<Stopped>() => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

fn start_and_supervise(arguments: &Arguments, may_install: bool, stop: &Stop) -> Result<()> {
    let plan = Plan::new(arguments.release, arguments.port)?;
    let servers = ForDev::choose();
    tools::install_missing(&servers.tools(), may_install)?;
    let servers = build_and_start(arguments, servers, stop)?;
    let output = Output::new();
    prepare(&plan, &servers, &output, stop)?;
    let mut supervisor = Supervisor::new(&output);
    let outcome = serve(&plan, &servers, &mut supervisor, stop);
    // The services stop before the servers that they use.
    supervisor.stop_all(stop);
    drop(servers);
    outcome
}

/// Builds the programs and the page and starts the servers, all at the same time. If a build fails,
/// the servers that have started are stopped when their value is dropped.
fn build_and_start(arguments: &Arguments, servers: ForDev, stop: &Stop) -> Result<Servers> {
    let page_stop = stop.clone();
    thread::scope(|scope| {
        let servers = scope.spawn(|| servers.start());
        let page = scope.spawn(move || build_page(arguments.no_web, &page_stop));
        let built = build_programs(arguments.release, stop);
        let page = page.join().expect("building the page does not panic");
        let servers = servers.join().expect("starting servers does not panic");
        built?;
        page?;
        servers
    })
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

/// Creates the schema, and events to sell.
fn prepare(plan: &Plan, servers: &Servers, output: &Output, stop: &Stop) -> Result<()> {
    for task in ["migrate", "seed"] {
        let mut command: Command = plan.command("workers", &[task], servers);
        output.run(task, &mut command, stop).with_context(|| format!("workers {task}"))?;
    }
    Ok(())
}

fn build_programs(release: bool, stop: &Stop) -> Result<()> {
    let mut build = cargo(&["build", "-p", "api", "-p", "workers", "--locked"]);
    if release {
        note("building as for a deployment: this takes many minutes the first time …");
        build.arg("--release");
    } else {
        note("building: this takes some minutes the first time …");
        build.args(["--profile", "quick"]);
    }
    run(&mut build, stop)
}

fn build_page(no_web: bool, stop: &Stop) -> Result<()> {
    match Page::find(&checkout::root()) {
        _ if no_web => Ok(()),
        Some(page) if is_installed("npm") => {
            if let Some(mut install) = page.install() {
                run(&mut install, stop)?;
            }
            run(&mut page.npm(&["run", "--silent", "build"]), stop)
        }
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
