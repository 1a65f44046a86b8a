//! The command line.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use common::domain::EventId;
use common::ids::ReservationId;
use common::settings::Settings;
use common::store::{pool, seed};
use common::topology::{Topology, definitions};

use crate::run::{self, Role};
use crate::{audit, timeline};

/// Boxoffice's worker pools, and commands for operators. Settings come from the environment and
/// from the file that BOXOFFICE_CONFIG names.
#[derive(Debug, Parser)]
#[command(name = "workers")]
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
    Migrate,
    /// Add the demo events that are missing.
    Seed,
    /// Prove the invariants of the database, and look at the broker. Exit codes: 0 all holds; 1 an
    /// invariant is broken, or it could not be looked at; 3 all hold, but the broker wants attention.
    Audit(audit::Options),
    /// Tell what happened to a reservation, and to its payments, and when, and why.
    Timeline {
        /// The event's number.
        event: i32,
        /// The reservation's id.
        reservation: ReservationId,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The broker's exchanges, queues and bindings.
    Topology {
        #[command(subcommand)]
        command: TopologyCommand,
    },
}

#[derive(Debug, clap::Args)]
struct Pool {
    /// Where operators reach this process, instead of the setting workers.admin_listen.
    #[arg(long)]
    admin_listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum TopologyCommand {
    /// Print it in the format of RabbitMQ's definitions file.
    Export {
        /// The virtual host.
        #[arg(long, default_value = "/")]
        vhost: String,
    },
}

impl Cli {
    /// Does what the command line says; returns the code to exit with.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = Settings::load().context("the settings cannot be read")?;
        let done = match self.command {
            Command::Reservations(pool) => serve(settings, &pool, &[Role::Reservations]).await,
            Command::Payments(pool) => serve(settings, &pool, &[Role::Payments]).await,
            Command::Expiry(pool) => serve(settings, &pool, &[Role::Expiry]).await,
            Command::All(pool) => serve(settings, &pool, Role::ALL).await,
            Command::Migrate => pool::migrate(&pool::open(&settings.database, "migrate")?).await,
            Command::Seed => seed_demo(&settings).await,
            Command::Audit(options) => {
                let (said, code) = audit::audit(&settings, &options).await?;
                print(&said);
                return Ok(code);
            }
            Command::Timeline { event, reservation, json } => {
                print(&timeline::told(&settings, EventId(event), reservation, json).await?);
                Ok(())
            }
            Command::Topology { command: TopologyCommand::Export { vhost } } => {
                let topology = Topology::new(&settings.topology);
                print(&serde_json::to_string_pretty(&definitions(&topology, &vhost))?);
                Ok(())
            }
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn serve(mut settings: Settings, pool: &Pool, roles: &[Role]) -> anyhow::Result<()> {
    if let Some(listen) = pool.admin_listen {
        settings.workers.admin_listen = listen;
    }
    common::telemetry::start(&settings.log)?;
    common::telemetry::otlp::start(&settings.traces.otlp_url, "workers")?;
    let stop = common::shutdown::on_signal()?;
    run::run(settings, roles, stop).await
}

async fn seed_demo(settings: &Settings) -> anyhow::Result<()> {
    let pool = pool::open(&settings.database, "seed")?;
    for plan in seed::demo() {
        let mut transaction = pool.begin().await?;
        let made = seed::plant(&mut transaction, &plan).await?;
        transaction.commit().await?;
        let what = if made { "made" } else { "kept" };
        print(&format!("{what} event {}: {}", plan.id, plan.name));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what these commands print is their product")]
fn print(line: &str) {
    println!("{line}");
}
