//! Calculates a sale on a fleet that does not exist, from service times that were measured on one
//! that does.
//!
//! It is a model and sends no load. Buyers arrive by a curve. Front doors accept their requests, or
//! refuse at once what is sold out. Each lane takes waiting requests as a batch, has the database
//! decide it, and announces the outcomes. The lanes share the database's cores. Not included: the
//! network, retries of buyers, and payments and expiry during the sale. Time advances by
//! milliseconds.

mod lane;
mod line;
mod sale;

pub use line::Waits;
pub use sale::{Outcome, simulate};

use std::time::Duration;

/// The buyers and the tickets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sale {
    /// Each sends one request.
    pub buyers: u64,
    /// Tickets on sale.
    pub seats: u64,
    /// Tickets that each buyer asks for.
    pub tickets: u64,
    /// Sections that buyers ask for, all equally often.
    pub sections: u32,
    /// Time within which the buyers arrive.
    pub over: Duration,
    pub curve: Curve,
}

/// How arrivals are spread over the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Curve {
    /// Equally many in each second
    Even,
    /// Most at the beginning: half of the remaining buyers in each fifth of the time
    Rush,
}

impl Curve {
    /// The share of the buyers that has arrived after this share of the time.
    fn come(self, time: f64) -> f64 {
        let time = time.clamp(0.0, 1.0);
        match self {
            Self::Even => time,
            Self::Rush => (1.0 - 0.5_f64.powf(5.0 * time)) / (1.0 - 0.5_f64.powi(5)),
        }
    }
}

/// The servers. Cells are equal and share the buyers evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// Independent systems, each with a broker and a database.
    pub cells: u32,
    /// Front doors of a cell, each with one core.
    pub front_doors: u32,
    /// Reservation workers of a cell.
    pub workers: u32,
    /// Concurrent transactions of a worker.
    pub lanes: u32,
    /// Partitions of a cell's requests.
    pub partitions: u16,
    /// Cores of a cell's database.
    pub database_cores: u32,
    /// A front door refuses a request if the oldest request of its lane has waited longer than
    /// this.
    pub lag_max: Option<Duration>,
}

/// Measured service times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// CPU time of a front door for a request that it accepts, until its response is sent.
    pub accept_us: f64,
    /// CPU time of a front door for a request that it refuses.
    pub refuse_us: f64,
    /// Time of a transaction without its requests.
    pub batch_us: f64,
    /// Time of each request in a transaction.
    pub request_us: f64,
    /// Time from the commit until the outcomes are confirmed and the lane takes the next batch.
    pub announce_us: f64,
    /// Time from then until the buyer, or the front door's board, knows the outcome.
    pub reach_us: f64,
    /// Maximum requests in one transaction.
    pub batch_max: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs {
        accept_us: 40.0,
        refuse_us: 20.0,
        batch_us: 4_000.0,
        request_us: 20.0,
        announce_us: 2_000.0,
        reach_us: 1_000.0,
        batch_max: 500,
    };
    const FLEET: Fleet = Fleet {
        cells: 1,
        front_doors: 1,
        workers: 1,
        lanes: 1,
        partitions: 16,
        database_cores: 2,
        lag_max: None,
    };

    fn sale(buyers: u64, seats: u64, seconds: u64) -> Sale {
        let over = Duration::from_secs(seconds);
        Sale { buyers, seats, tickets: 1, sections: 64, over, curve: Curve::Even }
    }

    #[test]
    fn everyone_is_answered_once_and_exactly_the_seats_are_sold() {
        for (buyers, seats) in [(50_000, 500), (50_000, 100_000), (1, 1), (1_000, 0)] {
            let outcome = simulate(&sale(buyers, seats, 5), &FLEET, &COSTS);
            assert_eq!(outcome.sold, buyers.min(seats));
            let answered = outcome.decided.count() + outcome.refused.count() + outcome.turned_away;
            assert_eq!(answered, buyers, "{outcome:?}");
        }
    }

    #[test]
    fn a_request_alone_takes_the_sum_of_the_service_times() {
        let outcome = simulate(&sale(1, 10, 1), &FLEET, &COSTS);
        // 40 + 4,000 + 20 + 2,000 + 1,000 µs, and one millisecond for each step that ends within
        // one.
        assert!((7..=9).contains(&outcome.decided.quantile_ms(0.5)), "{outcome:?}");
    }

    #[test]
    fn a_lane_decides_a_full_batch_in_each_of_its_turns() {
        // 500 requests in 4 + 10 + 2 ms are 31,250 a second: more than 10,000 buyers a second need,
        // and less than 50,000 need.
        let fleet = Fleet { front_doors: 8, ..FLEET };
        let calm = simulate(&sale(50_000, 1_000_000, 5), &fleet, &COSTS);
        assert!(calm.decided.quantile_ms(0.95) < 30, "{calm:?}");
        let rush = simulate(&sale(250_000, 1_000_000, 5), &fleet, &COSTS);
        let seconds = 250_000.0 / 31_250.0;
        assert!((rush.over.as_secs_f64() - seconds).abs() < 0.3, "{rush:?}");
        assert!(
            (rush.decided.quantile_ms(1.0) as f64 / 1e3 - (seconds - 5.0)).abs() < 0.3,
            "{rush:?}"
        );
    }

    #[test]
    fn the_narrowest_part_holds_the_rest_up() {
        let load = sale(500_000, 1_000_000, 5);
        let over = |fleet: Fleet| simulate(&load, &fleet, &COSTS).over.as_secs_f64();
        // One front door accepts 25,000 requests a second, with any number of workers.
        let few_doors = over(Fleet { workers: 8, database_cores: 16, ..FLEET });
        assert!((few_doors - 20.0).abs() < 0.5, "{few_doors}");
        // One core of the database limits eight lanes to 500 requests in 14 ms.
        let small_database = over(Fleet { front_doors: 8, workers: 8, database_cores: 1, ..FLEET });
        assert!((small_database - 500_000.0 / 35_714.0).abs() < 1.0, "{small_database}");
        let cells =
            over(Fleet { cells: 4, front_doors: 2, workers: 4, database_cores: 4, ..FLEET });
        assert!(cells < 6.0, "{cells}");
    }

    #[test]
    fn once_all_is_sold_front_doors_refuse_without_a_message() {
        let outcome = simulate(&sale(50_000, 500, 10), &FLEET, &COSTS);
        assert!(outcome.refused.count() > 45_000, "{outcome:?}");
        assert!(outcome.refused.quantile_ms(0.99) < 10, "{outcome:?}");
    }

    #[test]
    fn while_a_lane_is_far_behind_requests_for_it_are_turned_away() {
        let slow = Costs { request_us: 400.0, ..COSTS };
        let load = sale(100_000, 1_000_000, 5);
        let open = simulate(&load, &FLEET, &slow);
        assert!(open.decided.quantile_ms(1.0) > 10_000, "{open:?}");
        let bounded = Fleet { lag_max: Some(Duration::from_secs(1)), ..FLEET };
        let bounded = simulate(&load, &bounded, &slow);
        assert!(bounded.turned_away > 50_000, "{bounded:?}");
        let longest = |outcome: &Outcome| outcome.decided.quantile_ms(1.0);
        assert!(longest(&bounded) < longest(&open) / 2, "{bounded:?}");
    }

    #[test]
    fn a_rush_comes_early() {
        assert!((Curve::Rush.come(0.2) - 0.516).abs() < 0.001);
        assert!((Curve::Rush.come(1.0) - 1.0).abs() < 1e-9 && Curve::Rush.come(0.0).abs() < 1e-9);
        assert!((Curve::Even.come(0.5) - 0.5).abs() < 1e-9);
    }
}
