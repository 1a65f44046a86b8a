//! The locked rows of one transaction, and the moves that decisions make on them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::footprint::{Footprint, ReservationKey, SectionKey, TicketKey};
use crate::domain::{
    EventId, House, HouseSection, Reason, Reservation, ReservationStatus, Terms, TicketNumber,
    TicketState, TierNumber,
};
use crate::ids::ReservationId;

/// A locked section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionRow {
    /// Its version before this transaction.
    pub version: i64,
    /// Its available tickets before this transaction.
    pub available: i32,
}

/// A locked ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketRow {
    /// Its tier.
    pub tier: TierNumber,
    /// Its price now, in minor units.
    pub price: i64,
    /// Its state.
    pub state: TicketState,
    /// Its holder or owner.
    pub reservation: Option<ReservationId>,
    /// Until when it is held.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a transaction has locked, as it was read.
#[derive(Debug, Clone)]
pub struct LockedRows {
    /// The database's clock after the locks were taken.
    pub now: DateTime<Utc>,
    /// The geometry of each event named.
    pub houses: HashMap<EventId, Arc<House>>,
    /// The terms of each event whose sections are locked.
    pub terms: HashMap<EventId, Terms>,
    /// The reservations that exist.
    pub reservations: HashMap<ReservationKey, Reservation>,
    /// How many tickets each customer has.
    pub customers: HashMap<(EventId, String), i32>,
    /// The sections.
    pub sections: BTreeMap<SectionKey, SectionRow>,
    /// The tickets.
    pub tickets: BTreeMap<TicketKey, TicketRow>,
}

/// The rows as they were, and as the decisions so far have moved them.
#[derive(Debug)]
pub struct Ledger {
    pub(super) before: LockedRows,
    pub(super) tickets: BTreeMap<TicketKey, TicketRow>,
    pub(super) reservations: HashMap<ReservationKey, Reservation>,
    /// What outcomes tell of, in the order of the decisions.
    pub(super) touched: Vec<ReservationKey>,
    seen: HashSet<ReservationKey>,
    pub(super) replayed: bool,
    customers: HashMap<(EventId, String), i32>,
}

impl Ledger {
    /// A ledger of these rows.
    pub fn new(rows: LockedRows) -> Self {
        Self {
            tickets: rows.tickets.clone(),
            reservations: rows.reservations.clone(),
            customers: rows.customers.clone(),
            touched: Vec::new(),
            seen: HashSet::new(),
            replayed: false,
            before: rows,
        }
    }

    /// The moment of all decisions: the database's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.before.now
    }

    /// A reservation as it stands.
    pub fn reservation(&self, key: ReservationKey) -> Option<&Reservation> {
        self.reservations.get(&key)
    }

    /// The geometry of an event that a request named. Only requests of known events get here.
    pub fn house(&self, event: EventId) -> Arc<House> {
        self.before.houses.get(&event).cloned().expect("a footprint is made from a house")
    }

    /// The terms of an event; none where none of its sections is locked.
    pub fn terms(&self, event: EventId) -> Option<&Terms> {
        self.before.terms.get(&event)
    }

    /// A request for what is decided already: its outcome is told again, nothing moves. Of what is
    /// not there, there is nothing to tell.
    pub fn replay(&mut self, key: ReservationKey) {
        if self.reservations.contains_key(&key) {
            self.replayed = true;
            self.touch(key);
        }
    }

    /// Puts a reservation into the ledger as new, or as it has become.
    pub fn put(&mut self, reservation: Reservation) {
        let key = (reservation.event, reservation.id);
        self.reservations.insert(key, reservation);
        self.touch(key);
    }

    /// Moves a reservation to another state.
    ///
    /// # Panics
    /// If the machine does not allow the move or the reservation is not locked: the caller decides
    /// from the state that it has just read.
    pub fn transition(
        &mut self,
        key: ReservationKey,
        next: ReservationStatus,
        reason: Option<Reason>,
    ) -> &mut Reservation {
        self.touch(key);
        let reservation = self.reservations.get_mut(&key).expect("locked");
        assert!(
            reservation.status.may_become(next),
            "{} does not become {next}",
            reservation.status
        );
        reservation.status = next;
        reservation.reason = reason;
        reservation.revision += 1;
        reservation
    }

    /// Splits tickets into free and not free, where a hold that is due counts as free. An overdue
    /// holder that is not locked yet must be: what is free can then be taken with [`Self::vacate`].
    pub fn not_free(&self, tickets: &[TicketKey]) -> Result<Vec<TicketNumber>, Footprint> {
        let mut need = Footprint::default();
        let mut taken = Vec::new();
        for key in tickets {
            match self.tickets.get(key) {
                None => {
                    need.tickets.insert(*key);
                }
                Some(row) if row.state == TicketState::Available => {}
                Some(row) if self.is_due(row) => match self.holder(*key, row) {
                    None => need.reservations.extend(row.reservation.map(|holder| (key.0, holder))),
                    Some(holder) if holder.is_due(self.now()) => {}
                    Some(_) => taken.push(key.1),
                },
                Some(_) => taken.push(key.1),
            }
        }
        if need.is_empty() || !taken.is_empty() { Ok(taken) } else { Err(need) }
    }

    /// Ends the overdue holds that lie on these tickets.
    pub fn vacate(&mut self, tickets: &[TicketKey]) {
        for key in tickets {
            let row = self.tickets[key];
            if let (TicketState::Held, Some(holder)) = (row.state, row.reservation) {
                self.lapse((key.0, holder));
            }
        }
    }

    /// Ends a hold that is due: its tickets are free again.
    pub fn lapse(&mut self, key: ReservationKey) {
        self.transition(key, ReservationStatus::Expired, Some(Reason::Expired));
        self.release(key);
    }

    /// Frees the tickets that a reservation holds.
    pub fn release(&mut self, key: ReservationKey) {
        self.set_tickets(key, TicketState::Available, None);
    }

    /// Gives tickets to a reservation.
    pub fn hold(&mut self, tickets: &[TicketKey], holder: ReservationId, until: DateTime<Utc>) {
        for key in tickets {
            let row = self.tickets.get_mut(key).expect("locked, or it would not have been free");
            row.state = TicketState::Held;
            row.reservation = Some(holder);
            row.expires_at = Some(until);
        }
    }

    /// Sells the tickets that a reservation holds.
    pub fn sell(&mut self, key: ReservationKey) {
        self.set_tickets(key, TicketState::Sold, None);
    }

    /// Keeps the tickets that a reservation holds until another time.
    pub fn prolong(&mut self, key: ReservationKey, until: DateTime<Utc>) {
        self.set_tickets(key, TicketState::Held, Some(until));
    }

    /// The free tickets of a section, ascending; those whose hold is due come after the others.
    pub fn free_in(&self, event: EventId, section: &HouseSection) -> Vec<TicketNumber> {
        let (first, last) =
            (section.first_ticket, TicketNumber(section.first_ticket.0 + section.capacity));
        let rows = || self.tickets.range((event, first)..(event, last));
        let available = rows().filter(|(_, row)| row.state == TicketState::Available);
        let due = rows().filter(|(_, row)| self.is_due(row));
        available.chain(due).map(|(key, _)| key.1).collect()
    }

    /// How many tickets a customer has; the customer must be locked.
    pub fn tickets_of(&self, event: EventId, customer: &str) -> Result<i32, Footprint> {
        let key = (event, customer.to_owned());
        self.customers
            .get(&key)
            .copied()
            .ok_or_else(|| Footprint { customers: [key].into(), ..Footprint::default() })
    }

    /// Counts tickets for or against a customer, where customers are counted.
    pub fn count_for(&mut self, event: EventId, customer: &str, tickets: i32) {
        if let Some(count) = self.customers.get_mut(&(event, customer.to_owned())) {
            *count += tickets;
        }
    }

    fn is_due(&self, row: &TicketRow) -> bool {
        row.state == TicketState::Held && row.expires_at.is_some_and(|at| at <= self.now())
    }

    fn holder(&self, key: TicketKey, row: &TicketRow) -> Option<&Reservation> {
        self.reservations.get(&(key.0, row.reservation?))
    }

    fn set_tickets(
        &mut self,
        key: ReservationKey,
        state: TicketState,
        until: Option<DateTime<Utc>>,
    ) {
        let reservation = &self.reservations[&key];
        for ticket in &reservation.tickets {
            let row = self.tickets.get_mut(&(key.0, *ticket)).expect("claims are locked");
            // Only its own: another reservation may have them by now.
            if row.state == TicketState::Held && row.reservation == Some(key.1) {
                row.state = state;
                row.reservation = (state != TicketState::Available).then_some(key.1);
                row.expires_at = until;
            }
        }
    }

    fn touch(&mut self, key: ReservationKey) {
        if self.seen.insert(key) {
            self.touched.push(key);
        }
    }
}
