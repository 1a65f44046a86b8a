//! The command line.

mod common;
mod simulate;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::value_parser as within;
use clap::{Args, Parser, Subcommand};
use tokio::task::LocalSet;

use crate::report::{self, Report, say};
use crate::scenarios::browse::{Lookers, browse};
use crate::scenarios::compare::compare;
use crate::scenarios::expiry_wave::{Wave, expiry_wave};
use crate::scenarios::growth::{Growth, growth};
use crate::scenarios::on_sale::{Sale, on_sale};
use crate::scenarios::open_loop::Step;
use crate::scenarios::search::Plan;
use crate::scenarios::steady::{Shape, highest, steady};
use crate::scenarios::waiters::{self, waiters};
use crate::scenarios::{Kit, checkout, limits};
use crate::stage::Target;

/// Puts load on a private, fresh Boxoffice on this machine, and reports the results.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
pub struct Cli {
    #[command(flatten)]
    common: common::Common,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Distinct seats at a constant rate, over all sections
    Steady(Bookings),
    /// Distinct seats, all in one section
    OneSection(Bookings),
    /// Two neighbouring seats each; every pair overlaps two others
    Pairs(Bookings),
    /// A small event goes on sale: all buyers at once
    OnSale {
        #[arg(long, default_value_t = 50_000, value_parser = within!(u64).range(1..=1_000_000))]
        buyers: u64,
        #[arg(long, default_value_t = 500, value_parser = within!(u64).range(1..=100_000))]
        seats: u64,
        /// Seconds within which the sale must end
        #[arg(long, default_value_t = 120, value_parser = within!(u64).range(1..=3_600))]
        limit: u64,
        /// Repeat it without refusals at the edge, to measure what they save
        #[arg(long)]
        also_without_edge: bool,
    },
    /// Reserve, pay, fetch the tickets
    Checkout {
        #[command(flatten)]
        pace: Pace,
        /// Purchases per second
        #[arg(long, default_value_t = 300.0)]
        rate: f64,
    },
    /// Clients that wait with long polls at one front door
    Waiters {
        #[arg(long, default_value_t = 50_000, value_parser = within!(u64).range(1..=1_000_000))]
        clients: u64,
        /// Requests per second while the clients arrive
        #[arg(long, default_value_t = 4_000.0)]
        rate: f64,
        /// Seconds that all clients wait before the workers start
        #[arg(long, default_value_t = 5, value_parser = within!(u64).range(1..=20))]
        idle: u64,
    },
    /// Holds that expire in the same second, while other buyers book
    ExpiryWave {
        #[arg(long, default_value_t = 20_000, value_parser = within!(u64).range(1..=1_000_000))]
        holds: u64,
        #[arg(long, default_value_t = 15, value_parser = within!(i32).range(5..=3_600))]
        hold_seconds: i32,
        /// Bookings per second of the other buyers
        #[arg(long, default_value_t = 1_000.0)]
        rate: f64,
    },
    /// Reads and live streams while other buyers book
    Browse {
        #[command(flatten)]
        pace: Pace,
        /// Bookings per second
        #[arg(long, default_value_t = 500.0)]
        rate: f64,
        /// Reads of the availability per second
        #[arg(long, default_value_t = 500.0)]
        reads: f64,
        /// Open streams
        #[arg(long, default_value_t = 1_000)]
        streams: usize,
    },
    /// The same load on a large event, on many events, and with many old reservations: the cost of
    /// size
    Growth {
        #[command(flatten)]
        pace: Pace,
        /// Bookings per second
        #[arg(long, default_value_t = 4_000.0)]
        rate: f64,
        /// Tickets of the large event
        #[arg(long, default_value_t = 1_000_000, value_parser = within!(u64).range(1..=5_000_000))]
        tickets: u64,
        /// Events on sale at once
        #[arg(long, default_value_t = 10_000, value_parser = within!(u64).range(1..=100_000))]
        events: u64,
        /// Old reservations
        #[arg(
            long,
            default_value_t = 10_000_000,
            value_parser = within!(u64).range(1..=100_000_000)
        )]
        reservations: u64,
    },
    /// What Postgres and RabbitMQ can do alone on this machine
    Limits {
        /// Seconds for each limit
        #[arg(long, default_value_t = 5, value_parser = within!(u64).range(1..=60))]
        seconds: u64,
    },
    /// Calculate a sale on a fleet that does not exist, from measured service times; starts nothing
    Simulate(simulate::Arguments),
    /// Boxoffice and the baseline in turns, and the limits of the servers: the ratios
    Compare {
        #[command(flatten)]
        search: SearchArguments,
        /// How often each is run
        #[arg(long, default_value_t = 2, value_parser = within!(u32).range(1..=20))]
        rounds: u32,
    },
}

#[derive(Debug, Clone, Copy, Args)]
struct Pace {
    /// Seconds that are measured
    #[arg(long, default_value_t = 20, value_parser = within!(u64).range(1..=3_600))]
    seconds: u64,
    /// Seconds of warm-up before that, which are not measured
    #[arg(long, default_value_t = 5, value_parser = within!(u64).range(0..=600))]
    warmup: u64,
}

#[derive(Debug, Args)]
struct Bookings {
    #[command(flatten)]
    pace: Pace,
    /// Requests per second
    #[arg(long, default_value_t = 2_000.0)]
    rate: f64,
    /// What to measure
    #[arg(long, value_enum, default_value_t = Target::Boxoffice)]
    target: Target,
    /// Search for the highest rate that is sustained, instead of running one rate
    #[arg(long)]
    search: bool,
    #[command(flatten)]
    how: SearchArguments,
}

#[derive(Debug, Clone, Copy, Args)]
struct SearchArguments {
    /// Seconds that are measured in each step of a search
    #[arg(long, default_value_t = 6, value_parser = within!(u64).range(1..=600))]
    step_seconds: u64,
    /// The first rate of a search
    #[arg(long, default_value_t = 4_000.0)]
    start: f64,
    /// The highest rate that a search tries
    #[arg(long, default_value_t = 60_000.0)]
    max: f64,
}

impl Cli {
    /// Runs the scenario and reports the results. It is an error if a check fails.
    pub fn run(self) -> Result<()> {
        self.check()?;
        if let Scenario::Simulate(arguments) = &self.scenario {
            arguments.print();
            return Ok(());
        }
        let kit = Kit::start(self.common.options())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let report = LocalSet::new().block_on(&runtime, self.scenario.play(&kit))?;
        report.print();
        let page = report::write(&report, kit.ground.dir())?;
        say(&format!("\n{}", page.display()));
        let broken = report.checks.iter().filter(|check| !check.holds).count();
        ensure!(broken == 0, "{broken} things that must hold do not");
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let rates = match &self.scenario {
            Scenario::Steady(all) | Scenario::OneSection(all) | Scenario::Pairs(all) => {
                vec![all.rate, all.how.start, all.how.max]
            }
            Scenario::Checkout { rate, .. }
            | Scenario::Waiters { rate, .. }
            | Scenario::Growth { rate, .. }
            | Scenario::ExpiryWave { rate, .. } => vec![*rate],
            Scenario::Browse { rate, reads, .. } => vec![*rate, *reads],
            Scenario::Compare { search, .. } => vec![search.start, search.max],
            Scenario::OnSale { .. } | Scenario::Limits { .. } | Scenario::Simulate(_) => Vec::new(),
        };
        let fits = |rate: &f64| (1.0..=200_000.0).contains(rate);
        ensure!(rates.iter().all(fits), "rates must be from 1 to 200,000 in a second");
        Ok(())
    }
}

impl Scenario {
    async fn play(self, kit: &Kit) -> Result<Report> {
        match self {
            Self::Steady(all) => all.play(kit, Shape::Spread).await,
            Self::OneSection(all) => all.play(kit, Shape::OneSection).await,
            Self::Pairs(all) => all.play(kit, Shape::Pairs).await,
            Self::OnSale { buyers, seats, limit, also_without_edge } => {
                let limit = Duration::from_secs(limit);
                on_sale(kit, Sale { buyers, seats, limit, also_without_edge }).await
            }
            Self::Checkout { pace, rate } => checkout::checkout(kit, pace.step(rate)).await,
            Self::Waiters { clients, rate, idle } => {
                let wait = Duration::from_secs(idle);
                waiters(kit, waiters::Plan { clients, rate, wait }).await
            }
            Self::ExpiryWave { holds, hold_seconds, rate } => {
                expiry_wave(kit, Wave { holds, hold_seconds, rate }).await
            }
            Self::Browse { pace, rate, reads, streams } => {
                browse(kit, Lookers { reads, streams }, pace.step(rate)).await
            }
            Self::Growth { pace, rate, tickets, events, reservations } => {
                let more = Growth { tickets, events, reservations };
                growth(kit, more, pace.step(rate)).await
            }
            Self::Limits { seconds } => limits::limits(kit, Duration::from_secs(seconds)).await,
            Self::Simulate(_) => anyhow::bail!("a simulation is not played"),
            Self::Compare { search, rounds } => {
                let limit = Duration::from_secs(search.step_seconds);
                compare(kit, search.plan(), rounds, limit).await
            }
        }
    }
}

impl Bookings {
    async fn play(&self, kit: &Kit, shape: Shape) -> Result<Report> {
        if self.search {
            highest(kit, self.target, shape, self.how.plan()).await
        } else {
            steady(kit, self.target, shape, self.pace.step(self.rate)).await
        }
    }
}

impl Pace {
    fn step(self, rate: f64) -> Step {
        let seconds = Duration::from_secs;
        Step { rate, warmup: seconds(self.warmup), length: seconds(self.seconds), judged: false }
    }
}

impl SearchArguments {
    fn plan(self) -> Plan {
        let length = Duration::from_secs(self.step_seconds);
        Plan { start: self.start, max: self.max, warmup: length / 3, length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn rates_have_bounds() {
        let check = |words: &str| Cli::parse_from(words.split(' ')).check().is_ok();
        assert!(check("bench steady --rate 500"));
        assert!(!check("bench steady --rate 0"));
        assert!(!check("bench browse --reads 1e9"));
        assert!(check("bench compare --set workers.prefetch=32"));
    }
}
