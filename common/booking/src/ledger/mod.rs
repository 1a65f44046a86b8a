//! The locked rows of one transaction, and the changes that decisions make to them. No I/O, no
//! clock.
//!
//! A [`Ledger`] has the rows that a transaction has locked. Each decision reads and changes it; all
//! changes are written together ([`Ledger::changes`]). A decision that needs a row which is not
//! locked (for example the reservation of an overdue hold) returns the [`Footprint`] that it needs.
//! The transaction then starts again with the larger footprint: locks are only ever taken in the
//! fixed order.

mod changes;
mod decision;
mod footprint;

pub use changes::{Changes, SectionMove, TicketMove};
pub use decision::Decision;
pub use footprint::Footprint;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{
    PlanSection, Reason, Reservation, ReservationStatus, SeatingPlan, Terms, TicketState,
};
use crate::ids::{
    EventId, ReservationId, ReservationKey, SectionKey, TicketKey, TicketNumber, TierNumber,
};

/// A locked section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionRow {
    /// The version before this transaction.
    pub version: i64,
    /// The number of available tickets before this transaction.
    pub available: i32,
}

/// A locked ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketRow {
    pub tier: TierNumber,
    /// The present price, in minor units.
    pub price: i64,
    pub state: TicketState,
    /// The reservation that holds or owns it.
    pub reservation: Option<ReservationId>,
    /// When the hold ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a transaction has locked, as it was read.
#[derive(Debug, Clone)]
pub struct LockedRows {
    /// The database's time after the locks were taken.
    pub now: DateTime<Utc>,
    /// The seating plan of each event of the footprint.
    pub plans: HashMap<EventId, Arc<SeatingPlan>>,
    /// The terms of each event whose sections are locked.
    pub terms: HashMap<EventId, Terms>,
    /// The reservations of the footprint that exist.
    pub reservations: HashMap<ReservationKey, Reservation>,
    pub customers: HashMap<(EventId, String), i32>,
    pub sections: BTreeMap<SectionKey, SectionRow>,
    pub tickets: BTreeMap<TicketKey, TicketRow>,
}

/// The rows before this transaction, and their present state after the decisions so far.
#[derive(Debug)]
pub struct Ledger {
    before: LockedRows,
    tickets: BTreeMap<TicketKey, TicketRow>,
    reservations: HashMap<ReservationKey, Reservation>,
    /// The reservations to announce, in the order of the decisions.
    touched: Vec<ReservationKey>,
    seen: HashSet<ReservationKey>,
    replayed: bool,
    customers: HashMap<(EventId, String), i32>,
}

impl Ledger {
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

    /// The time of all decisions, by the database's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.before.now
    }

    /// A reservation in its present state.
    pub fn reservation(&self, key: ReservationKey) -> Option<&Reservation> {
        self.reservations.get(&key)
    }

    /// The seating plan of an event that a request names. A request of an unknown event never gets
    /// here.
    pub fn plan(&self, event: EventId) -> Arc<SeatingPlan> {
        self.before.plans.get(&event).cloned().expect("a footprint is made from a seating plan")
    }

    /// The terms of an event; none if none of its sections is locked.
    pub fn terms(&self, event: EventId) -> Option<&Terms> {
        self.before.terms.get(&event)
    }

    /// Announces a reservation again without a change, because its announcement may have been lost.
    /// If it does not exist, nothing is announced.
    pub fn announce_again(&mut self, key: ReservationKey) {
        if self.reservations.contains_key(&key) {
            self.replayed = true;
            self.touch(key);
        }
    }

    /// Adds a reservation, or replaces it.
    pub fn put_reservation(&mut self, reservation: Reservation) {
        let key = (reservation.event, reservation.id);
        self.reservations.insert(key, reservation);
        self.touch(key);
    }

    /// # Panics
    /// If the transition is not allowed or the reservation is not locked: the caller must
    /// decide from the state that it has just read.
    pub fn move_reservation(
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

    /// The tickets among these that cannot be taken. An overdue hold counts as free; its
    /// reservation must be locked, else the error asks for it. [`Self::expire_holds_on`] ends such
    /// holds.
    pub fn find_taken(&self, tickets: &[TicketKey]) -> Result<Vec<TicketNumber>, Footprint> {
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
        // One taken ticket is enough to refuse all, whatever the missing locks would show.
        if need.is_empty() || !taken.is_empty() { Ok(taken) } else { Err(need) }
    }

    /// Ends the overdue holds of these tickets.
    pub fn expire_holds_on(&mut self, tickets: &[TicketKey]) {
        for key in tickets {
            let row = self.tickets[key];
            if let (TicketState::Held, Some(holder)) = (row.state, row.reservation) {
                self.expire_reservation((key.0, holder));
            }
        }
    }

    /// Ends a hold that is due, and frees its tickets.
    pub fn expire_reservation(&mut self, key: ReservationKey) {
        self.move_reservation(key, ReservationStatus::Expired, Some(Reason::Expired));
        self.release_tickets(key);
    }

    pub fn release_tickets(&mut self, key: ReservationKey) {
        self.set_tickets(key, TicketState::Available, None);
    }

    pub fn hold_tickets(
        &mut self,
        tickets: &[TicketKey],
        holder: ReservationId,
        until: DateTime<Utc>,
    ) {
        for key in tickets {
            let row = self.tickets.get_mut(key).expect("locked, or it would not have been free");
            row.state = TicketState::Held;
            row.reservation = Some(holder);
            row.expires_at = Some(until);
        }
    }

    pub fn sell_tickets(&mut self, key: ReservationKey) {
        self.set_tickets(key, TicketState::Sold, None);
    }

    /// Changes the end of a hold.
    pub fn prolong_hold(&mut self, key: ReservationKey, until: DateTime<Utc>) {
        self.set_tickets(key, TicketState::Held, Some(until));
    }

    /// The free tickets of a section, ascending; tickets of overdue holds come after the others.
    pub fn find_free(&self, event: EventId, section: &PlanSection) -> Vec<TicketNumber> {
        let first = section.first_ticket;
        let end = TicketNumber(first.0 + section.capacity);
        let rows = || self.tickets.range((event, first)..(event, end));
        let available = rows().filter(|(_, row)| row.state == TicketState::Available);
        let due = rows().filter(|(_, row)| self.is_due(row));
        available.chain(due).map(|(key, _)| key.1).collect()
    }

    /// How many tickets a customer has. The customer must be locked, else the error asks for it.
    pub fn count_tickets(&self, event: EventId, customer: &str) -> Result<i32, Footprint> {
        let key = (event, customer.to_owned());
        self.customers
            .get(&key)
            .copied()
            .ok_or_else(|| Footprint { customers: [key].into(), ..Footprint::default() })
    }

    /// Changes the count of a customer's tickets, if the customer's count is locked.
    pub fn add_to_count(&mut self, event: EventId, customer: &str, tickets: i32) {
        if let Some(count) = self.customers.get_mut(&(event, customer.to_owned())) {
            *count += tickets;
        }
    }

    /// The price of a locked ticket, in minor units.
    pub fn price(&self, ticket: TicketKey) -> i64 {
        self.tickets[&ticket].price
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
            // Only its own tickets: another reservation may have some of them by now.
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
