//! The seating plan of an event: which tickets are in which section, row and tier.

use super::{Currency, SectionKind};
use crate::ids::{EventId, SectionNumber, TicketNumber, TierNumber};

/// What a decision must know of an event's sections, rows and tiers. It never changes once the
/// event is on sale, so it may be cached; everything that can change is read under lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatingPlan {
    pub event: EventId,
    pub currency: Currency,
    /// Whether the event limits the tickets of one customer, as of when the plan was read.
    pub limits_customers: bool,
    /// Its sections, by first ticket.
    pub sections: Vec<PlanSection>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSection {
    pub number: SectionNumber,
    pub kind: SectionKind,
    pub first_ticket: TicketNumber,
    /// The number of its tickets; they are numbered without a gap.
    pub capacity: i32,
    /// The tier of each ticket, as runs: the first ticket of a run and the tier of all its tickets.
    pub tiers: Vec<(TicketNumber, TierNumber)>,
    /// The first ticket of every row, ascending. Seats of one row with consecutive numbers are side
    /// by side. Empty for general admission.
    pub rows: Vec<TicketNumber>,
}

impl SeatingPlan {
    /// The section of a ticket; none if the plan has no such ticket.
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
    pub fn contains(&self, ticket: TicketNumber) -> bool {
        (self.first_ticket.0..self.first_ticket.0 + self.capacity).contains(&ticket.0)
    }

    pub fn tier_of(&self, ticket: TicketNumber) -> Option<TierNumber> {
        let after = self.tiers.partition_point(|(first, _)| *first <= ticket);
        Some(self.tiers[after.checked_sub(1)?].1)
    }

    pub fn has_tier(&self, tier: TierNumber) -> bool {
        self.tiers.iter().any(|(_, number)| *number == tier)
    }

    /// Whether two seats with consecutive numbers are in the same row, and so side by side.
    pub fn same_row(&self, left: TicketNumber, right: TicketNumber) -> bool {
        let row = |ticket| self.rows.partition_point(|first| *first <= ticket);
        row(left) == row(right)
    }
}
