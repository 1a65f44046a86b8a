//! Events for load: as many tickets as a run needs, over many sections.

use booking::ids::EventId;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use store::seed::{EventPlan, SectionPlan, SectionPlanKind};

/// Seats in a row, unless there would be too many rows.
const ROW: u64 = 50;
/// Maximum rows of a section: their labels are single characters.
const ROWS_MAX: u64 = 60;

/// The shape of an event for load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Venue {
    /// Tickets that the run needs. The event has at least as many.
    pub tickets: u64,
    /// Sections to create, at least: each partition should have some.
    pub sections: u64,
    /// Seats with labels, or standing places.
    pub seated: bool,
    pub hold_seconds: i32,
    /// Maximum tickets of one customer; none for no limit.
    pub customer_limit: Option<i32>,
}

/// An event that was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    /// Its tickets have the numbers from 1 to this.
    pub tickets: i32,
}

impl Event {
    /// All its tickets in an order that looks like buyers' choices. The order is the same in every
    /// run.
    pub fn shuffled(&self) -> Vec<i32> {
        let mut tickets: Vec<i32> = (1..=self.tickets).collect();
        tickets.shuffle(&mut StdRng::seed_from_u64(self.id.0 as u64));
        tickets
    }
}

impl Venue {
    /// The shape for long holds without a limit on customers.
    pub fn of(tickets: u64, sections: u64, seated: bool) -> Self {
        Self { tickets, sections, seated, hold_seconds: 3_600, customer_limit: None }
    }

    /// What to create, and the event that results.
    pub fn plan(&self, id: EventId) -> (EventPlan, Event) {
        let sections = self.sections.max(1);
        let of_each = self.tickets.div_ceil(sections).max(1);
        let (kind, capacity) = if self.seated {
            seats(of_each)
        } else {
            (SectionPlanKind::Standing { tier: 1, capacity: of_each as i32 }, of_each as i32)
        };
        let section = SectionPlan { name: "Section", kind };
        let event = Event { id, tickets: capacity * sections as i32 };
        let plan = EventPlan {
            id,
            name: format!("Load {}", id.0),
            venue: "A house for load".to_owned(),
            starts_in_days: 30.0,
            on_sale_in_days: -1.0,
            hold_seconds: self.hold_seconds,
            paying_seconds: 30,
            tickets_per_reservation: 10,
            tickets_per_customer: self.customer_limit,
            tiers: vec![("Standard", 2_500)],
            sections: vec![section; sections as usize],
        };
        (plan, event)
    }
}

/// Full rows of equal length.
fn seats(wanted: u64) -> (SectionPlanKind, i32) {
    let rows = wanted.div_ceil(ROW).clamp(1, ROWS_MAX);
    let seats = wanted.div_ceil(rows) as i32;
    let kind = SectionPlanKind::Rows {
        tiers: vec![1; rows as usize],
        first_row: b'A',
        seats,
        x: 0.0,
        y: 4.0,
        accessible: false,
    };
    (kind, seats * rows as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(venue: Venue) -> (EventPlan, Event) {
        venue.plan(EventId(1))
    }

    #[test]
    fn a_venue_has_at_least_the_tickets_that_are_needed() {
        for (tickets, sections) in [(1, 1), (500, 1), (500, 10), (99_999, 64), (1_000_000, 64)] {
            for seated in [true, false] {
                let (plan, event) = made(Venue::of(tickets, sections, seated));
                assert!(event.tickets as u64 >= tickets, "{tickets} over {sections}");
                assert!((event.tickets as u64) < tickets + sections * 61);
                assert_eq!(plan.sections.len() as u64, sections);
            }
        }
    }

    #[test]
    fn round_numbers_are_met_exactly() {
        assert_eq!(made(Venue::of(500, 10, true)).1.tickets, 500);
        assert_eq!(made(Venue::of(160_000, 64, true)).1.tickets, 160_000);
    }

    #[test]
    fn an_order_has_every_ticket_once_and_is_the_same_every_time() {
        let (_, event) = made(Venue::of(1_000, 4, true));
        let order = event.shuffled();
        assert_eq!(order, event.shuffled());
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(1..=1_000));
        assert_ne!(sorted, order);
    }
}
