//! The seating plan of an event: which tickets are where, and in which tier.

use super::{Currency, SectionKind};
use crate::ids::{EventId, SectionNumber, TicketNumber, TierNumber};

/// What a decision needs to know of an event's sections, rows and tiers. It never changes once the
/// event is on sale, so it is safe to cache; everything that can change is read under lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatingPlan {
    pub event: EventId,
    /// The currency of the event's prices.
    pub currency: Currency,
    /// The event limits the tickets of one customer (as of when the plan was read).
    pub limits_customers: bool,
    /// Its sections, by first ticket.
    pub sections: Vec<PlanSection>,
}

/// A section of a seating plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSection {
    pub number: SectionNumber,
    /// Seated or general.
    pub kind: SectionKind,
    pub first_ticket: TicketNumber,
    /// How many tickets it has, without a gap.
    pub capacity: i32,
    /// The tier of each ticket as runs: the first ticket of a run and the tier of all up to the
    /// next.
    pub tiers: Vec<(TicketNumber, TierNumber)>,
    /// The first ticket of every row, ascending. Seats are side by side when their numbers follow
    /// each other within a row. Empty for general admission.
    pub rows: Vec<TicketNumber>,
}

impl SeatingPlan {
    /// The section of a ticket; none where the plan has no such ticket.
    pub fn section_of(&self, ticket: TicketNumber) -> Option<&PlanSection> {
        let after = self.sections.partition_point(|section| section.first_ticket <= ticket);
        let section = &self.sections[after.checked_sub(1)?];
        section.contains(ticket).then_some(section)
    }

    pub fn section(&self, number: SectionNumber) -> Option<&PlanSection> {
        self.sections.iter().find(|section| section.number == number)
    }
}

impl PlanSection {
    /// Whether the ticket is one of this section's.
    pub fn contains(&self, ticket: TicketNumber) -> bool {
        (self.first_ticket.0..self.first_ticket.0 + self.capacity).contains(&ticket.0)
    }

    pub fn tier_of(&self, ticket: TicketNumber) -> Option<TierNumber> {
        let after = self.tiers.partition_point(|(first, _)| *first <= ticket);
        Some(self.tiers[after.checked_sub(1)?].1)
    }

    /// Whether the section has tickets of that tier.
    pub fn has_tier(&self, tier: TierNumber) -> bool {
        self.tiers.iter().any(|(_, number)| *number == tier)
    }

    /// Whether two seats with numbers that follow each other are side by side.
    pub fn same_row(&self, left: TicketNumber, right: TicketNumber) -> bool {
        let row = |ticket| self.rows.partition_point(|first| *first <= ticket);
        row(left) == row(right)
    }
}
