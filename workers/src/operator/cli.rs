//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use booking::domain::WorkerPool;
use booking::ids::{EventId, ReservationId};
use clap::{Parser, Subcommand};
use process::settings::Settings;
use store::{pool, seed};

use super::exit::{BadSettings, Exit, HELP, hint};
use super::print::line;
use super::{audit, dead_letters, doctor, healthcheck, migrate, pools, queues, timeline, topology};
use crate::run;

/// Boxoffice's worker pools, and commands for operators. Settings come from the environment and
/// from the file that BOXOFFICE_CONFIG names.
#[derive(Debug, Parser)]
#[command(name = "workers", after_help = HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Decide requests for tickets and cancels.
    Reservations(Pool),
    /// Have reservations paid.
    Payments(Pool),
    /// Free holds that are due.
    Expiry(Pool),
    /// All pools in one process: for one machine.
    All(Pool),
    /// Bring the database's schema up to date.
    Migrate(migrate::Arguments),
    /// Add the demo events that are missing.
    Seed,
    /// Prove the invariants of the database, and look at the broker. Exit codes: 0 all holds; 1 an
    /// invariant is broken, or it could not be looked at; 3 all hold, but the broker wants
    /// attention.
    Audit(audit::Options),
    /// Tell what happened to a reservation, and to its payments, and when, and why.
    Timeline {
        /// The event's number.
        event: i32,
        /// As buyers see it in the address of their booking
        reservation: ReservationId,
        /// Print it as one JSON document
        #[arg(long)]
        json: bool,
    },
    /// The queues: what waits, what is in hand and how old it is, and what stands out.
    Queues(queues::Arguments),
    /// Pause worker pools, and let them go on.
    Pools {
        #[command(subcommand)]
        command: pools::Command,
    },
    /// What could not be read or written.
    DeadLetters {
        #[command(subcommand)]
        command: dead_letters::Command,
    },
    /// The broker's exchanges, queues and bindings.
    Topology {
        #[command(subcommand)]
        command: topology::Command,
    },
    /// Check settings, database, broker, topology and clocks, and say what to do.
    Doctor(doctor::Arguments),
    /// Ask a worker process whether it lives, where there is no curl.
    Healthcheck(healthcheck::Arguments),
}

#[derive(Debug, clap::Args)]
struct Pool {
    /// Where operators reach this process, instead of the setting workers.admin_listen.
    #[arg(long)]
    admin_listen: Option<SocketAddr>,
}

impl Cli {
    /// Runs the command, prints its error if there is one, and returns the exit code.
    pub async fn run(self) -> ExitCode {
        self.command.run().await.unwrap_or_else(|error| {
            let _gone = writeln!(std::io::stderr(), "Error: {error:#}");
            if let Some(hint) = hint(&error) {
                let _gone = writeln!(std::io::stderr(), "-> {hint}: see docs/operating.md, Rights");
            }
            Exit::of(&error).into()
        })
    }
}

impl Command {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = Settings::load().context(BadSettings)?;
        let exit = match self {
            Self::Reservations(pool) => serve(settings, &pool, &[WorkerPool::Reservations]).await?,
            Self::Payments(pool) => serve(settings, &pool, &[WorkerPool::Payments]).await?,
            Self::Expiry(pool) => serve(settings, &pool, &[WorkerPool::Expiry]).await?,
            Self::All(pool) => serve(settings, &pool, WorkerPool::ALL).await?,
            Self::Migrate(arguments) => migrate::run(&settings, &arguments).await?,
            Self::Seed => seed_demo(&settings).await?,
            Self::Audit(options) => {
                let (said, code) = audit::audit(&settings, &options).await?;
                line(&said);
                return Ok(code);
            }
            Self::Timeline { event, reservation, json } => {
                line(&timeline::told(&settings, EventId(event), reservation, json).await?);
                Exit::Done
            }
            Self::Queues(arguments) => queues::run(&settings, &arguments).await?,
            Self::Pools { command } => pools::run(&settings, command).await?,
            Self::DeadLetters { command } => dead_letters::run(&settings, command).await?,
            Self::Topology { command } => topology::run(&settings, command).await?,
            Self::Doctor(arguments) => doctor::run(&settings, &arguments).await?,
            Self::Healthcheck(arguments) => healthcheck::run(&settings, arguments).await?,
        };
        Ok(exit.into())
    }
}

async fn serve(mut settings: Settings, pool: &Pool, roles: &[WorkerPool]) -> anyhow::Result<Exit> {
    if let Some(listen) = pool.admin_listen {
        settings.workers.admin_listen = listen;
    }
    process::telemetry::start(&settings.log)?;
    process::telemetry::otlp::start(&settings.traces.otlp_url, "workers")?;
    let stop = process::shutdown::on_signal()?;
    run::run(settings, roles, stop).await?;
    Ok(Exit::Done)
}

async fn seed_demo(settings: &Settings) -> anyhow::Result<Exit> {
    let pool = pool::open(&settings.database, "seed")?;
    for plan in seed::demo() {
        let mut transaction = pool.begin().await?;
        let made = seed::plant(&mut transaction, &plan).await?;
        transaction.commit().await?;
        let what = if made { "made" } else { "kept" };
        line(&format!("{what} event {}: {}", plan.id, plan.name));
    }
    Ok(Exit::Done)
}
