//! Checks that the buyers' results and the remaining tickets agree.

use std::collections::{BTreeMap, BTreeSet};

use super::buyer::{Story, Ticket};

/// The counts of one section.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Event and section.
    pub(super) section: (i64, i64),
    pub(super) capacity: i64,
    /// Held or sold before the demo.
    pub(super) earlier: i64,
    pub(super) available: i64,
    /// By the buyers' own count.
    pub(super) held: i64,
    /// By the buyers' own count.
    pub(super) sold: i64,
}

impl Row {
    /// Whether every ticket is counted exactly once.
    pub(super) fn is_balanced(&self) -> bool {
        self.earlier + self.available + self.held + self.sold == self.capacity
    }
}

/// A count for each section of each event.
pub(super) type Counts = BTreeMap<(i64, i64), i64>;

/// One row for each section.
pub(super) fn rows(
    capacity: &Counts,
    before: &Counts,
    after: &Counts,
    stories: &[Story],
) -> Vec<Row> {
    let count = |section: (i64, i64), of: fn(&Story) -> &Vec<Ticket>| {
        let all = stories.iter().flat_map(of);
        all.filter(|ticket| (ticket.event, ticket.section) == section).count() as i64
    };
    let row = |(section, capacity): (&(i64, i64), &i64)| Row {
        section: *section,
        capacity: *capacity,
        earlier: capacity - before.get(section).copied().unwrap_or(0),
        available: after.get(section).copied().unwrap_or(0),
        held: count(*section, |story| &story.held),
        sold: count(*section, |story| &story.bought),
    };
    capacity.iter().map(row).collect()
}

/// Tickets that two buyers have according to their answers.
pub(super) fn sold_twice(stories: &[Story]) -> Vec<Ticket> {
    let mut seen = BTreeSet::new();
    let all = stories.iter().flat_map(|story| story.bought.iter().chain(&story.held));
    all.filter(|ticket| !seen.insert(**ticket)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket((event, section, number): (i64, i64, i64)) -> Ticket {
        Ticket { event, section, number }
    }

    fn story(bought: &[(i64, i64, i64)], held: &[(i64, i64, i64)]) -> Story {
        let tickets = |list: &[(i64, i64, i64)]| list.iter().copied().map(ticket).collect();
        Story { told: String::new(), bought: tickets(bought), held: tickets(held), wrong: None }
    }

    #[test]
    fn a_ticket_too_many_or_too_few_is_seen() {
        let capacity = Counts::from([((1, 1), 10), ((1, 2), 5)]);
        let before = Counts::from([((1, 1), 8), ((1, 2), 5)]);
        let stories = [story(&[(1, 1, 3), (1, 1, 4)], &[]), story(&[], &[(1, 1, 7)])];
        let after = |first| Counts::from([((1, 1), first), ((1, 2), 5)]);
        let balanced = |first| {
            let rows = rows(&capacity, &before, &after(first), &stories);
            rows.iter().map(Row::is_balanced).collect::<Vec<_>>()
        };
        assert_eq!(balanced(5), [true, true]);
        assert_eq!(balanced(4), [false, true]);
        assert_eq!(balanced(6), [false, true]);
    }

    #[test]
    fn a_ticket_with_two_buyers_is_named() {
        let stories = [story(&[(1, 1, 3)], &[]), story(&[(1, 1, 3), (2, 1, 3)], &[(1, 1, 4)])];
        assert_eq!(sold_twice(&stories), [ticket((1, 1, 3))]);
    }
}
