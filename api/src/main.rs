//! The front door's process.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use api::app::App;
use clap::{Parser, Subcommand};
use process::settings::Settings;
use process::{healthcheck, shutdown, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Boxoffice's front door. Without a command it serves. Settings come from the environment and from
/// the file that BOXOFFICE_CONFIG names.
#[derive(Debug, Parser)]
#[command(name = "api")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask a front door whether it lives, where there is no curl. Exit code 1 where it does not.
    Healthcheck {
        /// Ask whether it is ready for requests, not only whether it lives.
        #[arg(long)]
        ready: bool,
        /// The URL to ask, instead of the process that listens at api.listen.
        url: Option<String>,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let command = Cli::parse().command;
    let settings = Settings::load().context("the settings cannot be read")?;
    match command {
        None => serve(&settings).map(|()| ExitCode::SUCCESS),
        Some(Command::Healthcheck { ready, url }) => {
            let url = url.unwrap_or_else(|| healthcheck::url(settings.api.listen, ready));
            let Err(why) = healthcheck::check(&url) else { return Ok(ExitCode::SUCCESS) };
            writeln!(std::io::stdout(), "{why}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn serve(settings: &Settings) -> anyhow::Result<()> {
    telemetry::start(&settings.log)?;
    telemetry::otlp::start(&settings.traces.otlp_url, "api")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(async {
        let stop = shutdown::on_signal()?;
        App::build(settings)?.serve(stop).await
    });
    // A thread that waits for a server which no longer answers must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
