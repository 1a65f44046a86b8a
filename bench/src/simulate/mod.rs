//! Reckons what a sale does to a fleet that is not there, from service times that were measured on
//! one that is.
//!
//! A model, not a load: buyers arrive by a curve; front doors accept them, or refuse at once what
//! is sold out; each lane takes what waits for it as a batch, has the database decide it, and
//! tells; the lanes share the database's cores. What it leaves out: the network, retries of buyers,
//! payments and expiry beside the sale. Time goes by milliseconds.

mod lane;
mod line;
mod sale;

pub use line::Waits;
pub use sale::{Outcome, simulate};

use std::time::Duration;

/// Who wants what, and when they come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sale {
    /// Requests, one each.
    pub buyers: u64,
    /// Tickets that there are.
    pub seats: u64,
    /// Tickets that each wants.
    pub tickets: u64,
    /// Sections that are asked for, each as much as another.
    pub sections: u32,
    /// Over how long they come.
    pub over: Duration,
    /// How they come.
    pub curve: Curve,
}

/// How buyers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Curve {
    /// As many in each second
    Even,
    /// Most at the beginning: half of those who are still to come in each fifth of the time
    Rush,
}

impl Curve {
    /// Which part of the buyers has come after which part of the time.
    fn come(self, time: f64) -> f64 {
        let time = time.clamp(0.0, 1.0);
        match self {
            Self::Even => time,
            Self::Rush => (1.0 - 0.5_f64.powf(5.0 * time)) / (1.0 - 0.5_f64.powi(5)),
        }
    }
}

/// What there is to serve them. Cells are alike and share the buyers evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// Systems beside each other, each with a broker and a database.
    pub cells: u32,
    /// Front doors of a cell, a core each.
    pub front_doors: u32,
    /// Reservation workers of a cell.
    pub workers: u32,
    /// Transactions that a worker has at a time.
    pub lanes: u32,
    /// Partitions of a cell's requests.
    pub partitions: u16,
    /// Cores of a cell's database.
    pub database_cores: u32,
    /// A front door turns away requests while the first in line for their lane has waited longer
    /// than this.
    pub lag_max: Option<Duration>,
}

/// Service times, as measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// What a front door's core spends on a request that it accepts, until its answer is sent.
    pub accept_us: f64,
    /// The same for one that it refuses at once or turns away.
    pub refuse_us: f64,
    /// A transaction, whatever is in it.
    pub batch_us: f64,
    /// Each request in it.
    pub request_us: f64,
    /// From the commit until the outcomes are confirmed and the lane takes the next batch.
    pub tell_us: f64,
    /// From then until the buyer, or the front door's board, knows.
    pub reach_us: f64,
    /// Requests in one transaction, at most.
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
        tell_us: 2_000.0,
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
        // 40 + 4,000 + 20 + 2,000 + 1,000 µs, and a millisecond for each step that ends within one.
        assert!((7..=9).contains(&outcome.decided.quantile_ms(0.5)), "{outcome:?}");
    }

    #[test]
    fn a_lane_decides_a_full_batch_in_each_of_its_turns() {
        // 500 requests in 4 + 10 + 2 ms: 31,250 a second, which 10,000 buyers a second do not fill,
        // and 50,000 do.
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
        // One front door accepts 25,000 a second, however many workers there are.
        let few_doors = over(Fleet { workers: 8, database_cores: 16, ..FLEET });
        assert!((few_doors - 20.0).abs() < 0.5, "{few_doors}");
        // Eight lanes on one core of a database get through no more than that core does: 500 in 14
        // ms.
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
