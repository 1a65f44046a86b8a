//! Which rows a transaction must lock before it can decide.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    EventId, House, HouseSection, Reservation, ReservationStatus, SectionNumber, TicketNumber,
};
use crate::ids::ReservationId;
use crate::messages::{Request, Reserve};

/// A reservation's key.
pub type ReservationKey = (EventId, ReservationId);
/// A section's key.
pub type SectionKey = (EventId, SectionNumber);
/// A ticket's key.
pub type TicketKey = (EventId, TicketNumber);

/// Rows to lock, in the order in which they are locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Reservations that may exist. Their tickets are locked too, while they may have a claim.
    pub reservations: BTreeSet<ReservationKey>,
    /// Customers whose tickets are counted.
    pub customers: BTreeSet<(EventId, String)>,
    /// Sections.
    pub sections: BTreeSet<SectionKey>,
    /// Tickets.
    pub tickets: BTreeSet<TicketKey>,
    /// Sections whose free tickets are read, and how many of them are wanted.
    pub scans: BTreeMap<SectionKey, i32>,
}

impl Footprint {
    /// No rows.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds another footprint to this one.
    pub fn absorb(&mut self, other: Self) {
        self.reservations.extend(other.reservations);
        self.customers.extend(other.customers);
        self.sections.extend(other.sections);
        self.tickets.extend(other.tickets);
        for (section, enough) in other.scans {
            *self.scans.entry(section).or_default() += enough;
        }
    }

    /// How many free tickets of a section to read: as many as are enough, and one more for each
    /// ticket that is named, because another decision of the same batch may take it first.
    pub fn scan_limit(&self, key: &SectionKey, section: &HouseSection) -> i32 {
        let enough = self.scans.get(key).copied().unwrap_or_default();
        let end = TicketNumber(section.first_ticket.0 + section.capacity);
        let named = self.tickets.range((key.0, section.first_ticket)..(key.0, end)).count();
        enough.saturating_add(named as i32)
    }

    /// Adds the rows that a request of a reservation worker is about.
    pub fn add_request(&mut self, request: &Request, house: &House) {
        self.reservations.insert(request.id());
        if let Request::Reserve(reserve) = request {
            self.add_reserve(reserve, house);
        }
    }

    /// Adds the tickets that a locked reservation may have a claim on.
    pub fn add_claims(&mut self, reservation: &Reservation, house: &House) {
        use ReservationStatus::{Expired, Held, Paying};
        if matches!(reservation.status, Held | Paying | Expired) {
            self.add_tickets(&reservation.tickets, house);
        }
    }

    fn add_reserve(&mut self, reserve: &Reserve, house: &House) {
        if house.limits_customers {
            self.customers.insert((house.event, reserve.customer.clone()));
        }
        self.add_tickets(&reserve.tickets, house);
        let Some(best) = reserve.best else { return };
        let wanted = |number| best.section.is_none_or(|section| section == number);
        for section in house.sections.iter().filter(|section| wanted(section.number)) {
            let key = (house.event, section.number);
            // Side by side, or in one of several tiers, cannot be found among the first few.
            let all = best.together || section.tiers.len() > 1;
            let enough = if all { section.capacity } else { best.quantity };
            self.sections.insert(key);
            *self.scans.entry(key).or_default() += enough;
        }
    }

    fn add_tickets(&mut self, tickets: &[TicketNumber], house: &House) {
        for ticket in tickets {
            if let Some(section) = house.section_of(*ticket) {
                self.sections.insert((house.event, section.number));
                self.tickets.insert((house.event, *ticket));
            }
        }
    }
}
