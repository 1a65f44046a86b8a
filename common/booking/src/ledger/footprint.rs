//! The rows that a transaction must lock before it can decide.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{PlanSection, Reservation, ReservationStatus, SeatingPlan};
use crate::ids::{EventId, ReservationKey, SectionKey, TicketKey, TicketNumber};

/// Rows to lock, in the fixed order of locking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Reservations that may exist. While they may have a right to their tickets, those are locked
    /// too.
    pub reservations: BTreeSet<ReservationKey>,
    /// Customers whose tickets are counted.
    pub customers: BTreeSet<(EventId, String)>,
    pub sections: BTreeSet<SectionKey>,
    pub tickets: BTreeSet<TicketKey>,
    /// Sections whose free tickets are read, and how many of them are needed.
    pub scans: BTreeMap<SectionKey, i32>,
}

impl Footprint {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn absorb(&mut self, other: Self) {
        self.reservations.extend(other.reservations);
        self.customers.extend(other.customers);
        self.sections.extend(other.sections);
        self.tickets.extend(other.tickets);
        for (section, enough) in other.scans {
            *self.scans.entry(section).or_default() += enough;
        }
    }

    /// Adds a section of which `enough` free tickets are read.
    pub fn add_scan(&mut self, section: SectionKey, enough: i32) {
        self.sections.insert(section);
        *self.scans.entry(section).or_default() += enough;
    }

    /// How many free tickets of a section to read: as many as are needed, and one more for each
    /// named ticket, because another decision of the same batch may take it first.
    pub fn scan_limit(&self, key: &SectionKey, section: &PlanSection) -> i32 {
        let enough = self.scans.get(key).copied().unwrap_or_default();
        let end = TicketNumber(section.first_ticket.0 + section.capacity);
        let named = self.tickets.range((key.0, section.first_ticket)..(key.0, end)).count();
        enough.saturating_add(named as i32)
    }

    /// Adds the tickets that a locked reservation may have a right to.
    pub fn add_claims(&mut self, reservation: &Reservation, plan: &SeatingPlan) {
        use ReservationStatus::{Expired, Held, Paying};
        if matches!(reservation.status, Held | Paying | Expired) {
            self.add_tickets(&reservation.tickets, plan);
        }
    }

    /// Adds tickets and their sections. Tickets that the plan does not have are left out.
    pub fn add_tickets(&mut self, tickets: &[TicketNumber], plan: &SeatingPlan) {
        for ticket in tickets {
            if let Some(section) = plan.section_of(*ticket) {
                self.sections.insert((plan.event, section.number));
                self.tickets.insert((plan.event, *ticket));
            }
        }
    }
}
