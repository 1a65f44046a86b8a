//! The options of a simulation, and its report.

use std::time::Duration;

use clap::Args;
use clap::value_parser as within;

use crate::report::{say, table};
use crate::simulate::{Costs, Curve, Fleet, Outcome, Sale, Waits, simulate};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sale: SaleArguments,
    #[command(flatten)]
    fleet: FleetArguments,
    #[command(flatten)]
    costs: CostArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "The sale")]
struct SaleArguments {
    #[arg(long, default_value_t = 50_000, value_parser = within!(u64).range(1..=100_000_000))]
    buyers: u64,
    #[arg(long, default_value_t = 500, value_parser = within!(u64).range(0..=100_000_000))]
    seats: u64,
    /// Tickets that each buyer asks for
    #[arg(long, default_value_t = 1, value_parser = within!(u64).range(1..=100))]
    tickets: u64,
    /// Sections that buyers ask for
    #[arg(long, default_value_t = 64, value_parser = within!(u32).range(1..=10_000))]
    wanted_sections: u32,
    /// Seconds within which the buyers arrive
    #[arg(long, default_value_t = 10, value_parser = within!(u64).range(1..=7_200))]
    over: u64,
    #[arg(long, value_enum, default_value_t = Curve::Even)]
    curve: Curve,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "The fleet")]
struct FleetArguments {
    /// Independent systems, each with a broker and a database; they share the buyers
    #[arg(long, default_value_t = 1, value_parser = within!(u32).range(1..=1_000))]
    cells: u32,
    /// Front doors of each cell, each with one core
    #[arg(long, default_value_t = 1, value_parser = within!(u32).range(1..=1_000))]
    front_doors: u32,
    /// Reservation workers of each cell
    #[arg(long, default_value_t = 1, value_parser = within!(u32).range(1..=256))]
    reservation_workers: u32,
    /// Concurrent transactions of a worker
    #[arg(long, default_value_t = 1, value_parser = within!(u32).range(1..=64))]
    lanes: u32,
    #[arg(long, default_value_t = 16, value_parser = within!(u16).range(1..=256))]
    partitions: u16,
    /// Cores of each cell's database
    #[arg(long, default_value_t = 2, value_parser = within!(u32).range(1..=256))]
    database_cores: u32,
    /// Front doors refuse requests while a lane is further behind than this; 0 for never
    #[arg(long, default_value_t = 0)]
    lag_max_ms: u64,
}

/// The defaults were measured on one machine with two cores: docs/performance.md.
#[derive(Debug, Args)]
#[command(next_help_heading = "Service times: take yours from a run of this kit")]
struct CostArguments {
    /// CPU time of a front door for a request that it accepts, in µs
    #[arg(long, default_value_t = 37.0)]
    accept_us: f64,
    /// CPU time of a front door for a request that it refuses, in µs
    #[arg(long, default_value_t = 24.0)]
    refuse_us: f64,
    /// Time of a transaction without its requests, in µs
    #[arg(long, default_value_t = 1_000.0)]
    batch_us: f64,
    /// Time of each request in a transaction, in µs
    #[arg(long, default_value_t = 18.0)]
    request_us: f64,
    /// Time from the commit until the outcomes are confirmed, in µs
    #[arg(long, default_value_t = 1_000.0)]
    announce_us: f64,
    /// Time from then until the buyer knows, in µs
    #[arg(long, default_value_t = 1_000.0)]
    reach_us: f64,
    /// Maximum requests in one transaction
    #[arg(long, default_value_t = 500, value_parser = within!(u64).range(1..=100_000))]
    batch_max: u64,
}

impl Arguments {
    /// Runs the simulation and prints its report.
    pub(super) fn print(&self) {
        let sale = self.sale.sale();
        let fleet = self.fleet.fleet();
        for line in lines(&simulate(&sale, &fleet, &self.costs.costs())) {
            say(&line);
        }
    }
}

impl SaleArguments {
    fn sale(&self) -> Sale {
        Sale {
            buyers: self.buyers,
            seats: self.seats,
            tickets: self.tickets,
            sections: self.wanted_sections,
            over: Duration::from_secs(self.over),
            curve: self.curve,
        }
    }
}

impl FleetArguments {
    fn fleet(&self) -> Fleet {
        Fleet {
            cells: self.cells,
            front_doors: self.front_doors,
            workers: self.reservation_workers,
            lanes: self.lanes,
            partitions: self.partitions,
            database_cores: self.database_cores,
            lag_max: (self.lag_max_ms > 0).then(|| Duration::from_millis(self.lag_max_ms)),
        }
    }
}

impl CostArguments {
    fn costs(&self) -> Costs {
        // With a service time of zero, a lane would loop for ever within one millisecond.
        let time = |us: f64| us.max(0.1);
        Costs {
            accept_us: time(self.accept_us),
            refuse_us: time(self.refuse_us),
            batch_us: time(self.batch_us),
            request_us: time(self.request_us),
            announce_us: time(self.announce_us),
            reach_us: time(self.reach_us),
            batch_max: self.batch_max,
        }
    }
}

fn lines(outcome: &Outcome) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let waits = |name: &str, waits: &Waits| {
        let mut row = vec![name.to_owned(), waits.count().to_string()];
        row.extend([0.5, 0.95, 0.99, 1.0].map(|part| format!("{} ms", waits.quantile_ms(part))));
        row
    };
    let head = words(&["", "requests", "p50", "p95", "p99", "longest"]);
    let rows =
        [head, waits("decided", &outcome.decided), waits("refused at once", &outcome.refused)];
    let (doors, database) = outcome.busiest;
    let sold_out = outcome.sold_out.map_or("not sold out".to_owned(), |when| {
        format!("sold out after {:.1} s", when.as_secs_f64())
    });
    vec![
        table(&rows),
        format!("turned away: {}", outcome.turned_away),
        format!(
            "sold: {}, {sold_out}, all answered after {:.1} s",
            outcome.sold,
            outcome.over.as_secs_f64()
        ),
        format!("most waiting in a cell: {}", outcome.most_waiting),
        format!(
            "busiest second: front doors {:.0} %, database {:.0} %",
            doors * 100.0,
            database * 100.0
        ),
        "note: reckoned, not measured".to_owned(),
    ]
}
