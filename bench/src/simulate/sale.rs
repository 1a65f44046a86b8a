//! A sale on one cell, millisecond by millisecond.

use std::time::Duration;

use booking::ids::{EventId, SectionNumber};
use broker::topology::Topology;
use process::settings;

use super::lane::Lane;
use super::line::{Group, WaitingLine, Waits};
use super::{Costs, Fleet, Sale};

/// A sale that takes longer has failed.
const LONGEST: Duration = Duration::from_hours(2);

/// The results of a sale, over all cells.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Waiting times of requests that a worker decided.
    pub decided: Waits,
    /// Waiting times of requests that a front door refused at once, because all tickets were sold.
    pub refused: Waits,
    /// Requests that a front door refused because a lane was behind.
    pub turned_away: u64,
    pub sold: u64,
    /// When the last ticket was sold.
    pub sold_out: Option<Duration>,
    /// When the last request was answered.
    pub over: Duration,
    /// The largest number of requests that waited for one lane.
    pub most_waiting: u64,
    /// The largest share that was used within a second: of the front doors' cores, and of the
    /// database's.
    pub busiest: (f64, f64),
}

struct Cell<'a> {
    sale: Sale,
    fleet: &'a Fleet,
    costs: &'a Costs,
    lanes: Vec<Lane>,
    /// The lane that decides about each section.
    owners: Vec<usize>,
    next_section: usize,
    door: WaitingLine,
    /// When the front doors know that all tickets are sold, in milliseconds.
    known_sold_out: Option<u64>,
    used: (f64, f64),
    outcome: Outcome,
}

pub fn simulate(sale: &Sale, fleet: &Fleet, costs: &Costs) -> Outcome {
    let cells = u64::from(fleet.cells.max(1));
    let each = |total: u64, cell: u64| total / cells + u64::from(cell < total % cells);
    let outcomes = (0..cells).map(|cell| {
        let sale = Sale { buyers: each(sale.buyers, cell), seats: each(sale.seats, cell), ..*sale };
        Cell::new(sale, fleet, costs).play()
    });
    outcomes.reduce(|one, other| one.and(&other)).expect("one cell or more")
}

impl<'a> Cell<'a> {
    fn new(sale: Sale, fleet: &'a Fleet, costs: &'a Costs) -> Self {
        let lanes = (fleet.workers * fleet.lanes).max(1) as usize;
        let partitions =
            settings::Topology { request_partitions: fleet.partitions, ..Default::default() };
        let topology = Topology::new(&partitions);
        let lane = |section: u32| {
            let section = SectionNumber(section as i32);
            usize::from(topology.request_partition(EventId(1), section)) % lanes
        };
        let outcome = Outcome {
            decided: Waits::new(),
            refused: Waits::new(),
            turned_away: 0,
            sold: 0,
            sold_out: (sale.seats == 0).then_some(Duration::ZERO),
            over: Duration::ZERO,
            most_waiting: 0,
            busiest: (0.0, 0.0),
        };
        Self {
            sale,
            fleet,
            costs,
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            owners: (1..=sale.sections.max(1)).map(lane).collect(),
            next_section: 0,
            door: WaitingLine::default(),
            known_sold_out: (sale.seats == 0).then_some(0),
            used: (0.0, 0.0),
            outcome,
        }
    }

    fn play(mut self) -> Outcome {
        let mut come = 0;
        let mut now = 0;
        let mut budget = 0.0;
        let longest = LONGEST.as_millis() as u64;
        while now < longest
            && (come < self.sale.buyers
                || self.door.len() > 0
                || !self.lanes.iter().all(Lane::is_idle))
        {
            let part = (now + 1) as f64 / (self.sale.over.as_secs_f64() * 1e3).max(1.0);
            let by_now = (self.sale.curve.come(part) * self.sale.buyers as f64).round() as u64;
            self.door.join(Group { since: now, count: by_now - come });
            come = by_now;
            // Unused CPU time is lost, except that a request begun in one millisecond ends in the
            // next.
            budget = f64::min(budget, 0.0) + f64::from(self.fleet.front_doors) * 1_000.0;
            budget = self.answer(now, budget);
            self.decide(now);
            now += 1;
            self.note_use(now);
        }
        self.outcome.turned_away += self.door.len();
        self.outcome
    }

    /// Front doors handle waiting requests for as long as they have CPU time.
    fn answer(&mut self, now: u64, mut budget: f64) -> f64 {
        let reach = (self.costs.reach_us / 1e3) as u64;
        while budget > 0.0 && self.door.len() > 0 {
            let refuses = self.known_sold_out.is_some_and(|known| known <= now);
            let cost = if refuses { self.costs.refuse_us } else { self.costs.accept_us };
            // Small portions, so that all sections have their turn.
            let most = ((budget / cost).ceil() as u64).clamp(1, 1 + self.owners.len() as u64);
            for group in self.door.take(most) {
                let spent = group.count as f64 * cost;
                (budget, self.used.0) = (budget - spent, self.used.0 + spent);
                if refuses {
                    self.outcome.refused.add(group, now + reach);
                    self.ended(now + reach);
                } else {
                    self.deal(group, now);
                }
            }
        }
        budget
    }

    /// Gives each request to the lane of its section.
    fn deal(&mut self, group: Group, now: u64) {
        for _ in 0..group.count {
            let lane = &mut self.lanes[self.owners[self.next_section]];
            self.next_section = (self.next_section + 1) % self.owners.len();
            let lag = lane.line.first_since().map_or(0, |since| now.saturating_sub(since));
            if self.fleet.lag_max.is_some_and(|most| u128::from(lag) > most.as_millis()) {
                self.outcome.turned_away += 1;
                self.outcome.over = self.outcome.over.max(Duration::from_millis(now));
            } else {
                lane.line.join(Group { since: group.since, count: 1 });
            }
        }
    }

    /// Advances all lanes by a millisecond. They share the database.
    fn decide(&mut self, now: u64) {
        let wanted = self.lanes.iter().filter(|lane| lane.wants_database()).count();
        let share = (f64::from(self.fleet.database_cores) / wanted.max(1) as f64).min(1.0);
        let waiting = self.lanes.iter().map(|lane| lane.line.len()).sum();
        self.outcome.most_waiting = self.outcome.most_waiting.max(waiting);
        let reach = (self.costs.reach_us / 1e3) as u64;
        for place in 0..self.lanes.len() {
            let done = self.lanes[place].go_on(self.costs, share);
            self.used.1 += done.database_us;
            for batch in done.committed {
                self.sell(batch.iter().map(|group| group.count).sum(), now);
            }
            for group in done.announced.into_iter().flatten() {
                self.outcome.decided.add(group, now + 1 + reach);
                self.ended(now + 1 + reach);
            }
        }
    }

    fn sell(&mut self, requests: u64, now: u64) {
        let tickets = self.sale.tickets.max(1);
        let winners = requests.min((self.sale.seats - self.outcome.sold) / tickets);
        self.outcome.sold += winners * tickets;
        if self.sale.seats - self.outcome.sold < tickets && self.known_sold_out.is_none() {
            self.outcome.sold_out = Some(Duration::from_millis(now + 1));
            let until_known_ms = (self.costs.announce_us + self.costs.reach_us) / 1e3;
            self.known_sold_out = Some(now + 1 + until_known_ms.ceil() as u64);
        }
    }

    fn ended(&mut self, now: u64) {
        self.outcome.over = self.outcome.over.max(Duration::from_millis(now));
    }

    fn note_use(&mut self, now: u64) {
        if now.is_multiple_of(1_000) {
            let part = |used: f64, cores: u32| used / (f64::from(cores.max(1)) * 1e6);
            let doors = part(self.used.0, self.fleet.front_doors);
            let database = part(self.used.1, self.fleet.database_cores);
            let busiest = &mut self.outcome.busiest;
            *busiest = (busiest.0.max(doors), busiest.1.max(database));
            self.used = (0.0, 0.0);
        }
    }
}

impl Outcome {
    /// Adds the results of another cell.
    fn and(mut self, other: &Self) -> Self {
        self.decided.merge(&other.decided);
        self.refused.merge(&other.refused);
        Self {
            turned_away: self.turned_away + other.turned_away,
            sold: self.sold + other.sold,
            sold_out: self.sold_out.zip(other.sold_out).map(|(one, other)| one.max(other)),
            over: self.over.max(other.over),
            most_waiting: self.most_waiting.max(other.most_waiting),
            busiest: (self.busiest.0.max(other.busiest.0), self.busiest.1.max(other.busiest.1)),
            ..self
        }
    }
}
