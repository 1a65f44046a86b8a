//! The locked rows of one transaction, and the moves that decisions make on them. No I/O, no clock.
//!
//! A [`Ledger`] holds the rows that a transaction has locked. Each decision reads it and moves it;
//! what moved is written in one go ([`Ledger::changes`]). A decision that meets a row that is not
//! locked (an overdue hold in the way, say) answers with the [`Footprint`] that it needs, and the
//! transaction begins again with the larger one: locks are only ever taken in the fixed order.

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
    /// Its version before this transaction.
    pub version: i64,
    /// Its available tickets before this transaction.
    pub available: i32,
}

/// A locked ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketRow {
    pub tier: TierNumber,
    /// Its price now, in minor units.
    pub price: i64,
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
    /// The seating plan of each event named.
    pub plans: HashMap<EventId, Arc<SeatingPlan>>,
    /// The terms of each event whose sections are locked.
    pub terms: HashMap<EventId, Terms>,
    /// The reservations that exist.
    pub reservations: HashMap<ReservationKey, Reservation>,
    /// How many tickets each customer has.
    pub customers: HashMap<(EventId, String), i32>,
    pub sections: BTreeMap<SectionKey, SectionRow>,
    pub tickets: BTreeMap<TicketKey, TicketRow>,
}

/// The rows as they were, and as the decisions so far have moved them.
#[derive(Debug)]
pub struct Ledger {
    before: LockedRows,
    tickets: BTreeMap<TicketKey, TicketRow>,
    reservations: HashMap<ReservationKey, Reservation>,
    /// What is announced, in the order of the decisions.
    touched: Vec<ReservationKey>,
    seen: HashSet<ReservationKey>,
    replayed: bool,
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

    /// The seating plan of an event that a request named. Only requests of known events get here.
    pub fn plan(&self, event: EventId) -> Arc<SeatingPlan> {
        self.before.plans.get(&event).cloned().expect("a footprint is made from a seating plan")
    }

    /// The terms of an event; none where none of its sections is locked.
    pub fn terms(&self, event: EventId) -> Option<&Terms> {
        self.before.terms.get(&event)
    }

    /// Announces a reservation as it stands, because the message that announced it may have been
    /// lost. Nothing moves. Without the reservation there is nothing to announce.
    pub fn announce_again(&mut self, key: ReservationKey) {
        if self.reservations.contains_key(&key) {
            self.replayed = true;
            self.touch(key);
        }
    }

    /// Puts a reservation into the ledger as new, or as it has become.
    pub fn put_reservation(&mut self, reservation: Reservation) {
        let key = (reservation.event, reservation.id);
        self.reservations.insert(key, reservation);
        self.touch(key);
    }

    /// Moves a reservation to another state.
    ///
    /// # Panics
    /// If the machine does not allow the move or the reservation is not locked: the caller decides
    /// from the state that it has just read.
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
        if need.is_empty() || !taken.is_empty() { Ok(taken) } else { Err(need) }
    }

    /// Ends the overdue holds that lie on these tickets.
    pub fn expire_holds_on(&mut self, tickets: &[TicketKey]) {
        for key in tickets {
            let row = self.tickets[key];
            if let (TicketState::Held, Some(holder)) = (row.state, row.reservation) {
                self.expire_reservation((key.0, holder));
            }
        }
    }

    /// Ends a hold that is due: its tickets are free again.
    pub fn expire_reservation(&mut self, key: ReservationKey) {
        self.move_reservation(key, ReservationStatus::Expired, Some(Reason::Expired));
        self.release_tickets(key);
    }

    /// Frees the tickets that a reservation holds.
    pub fn release_tickets(&mut self, key: ReservationKey) {
        self.set_tickets(key, TicketState::Available, None);
    }

    /// Gives tickets to a reservation.
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

    /// Sells the tickets that a reservation holds.
    pub fn sell_tickets(&mut self, key: ReservationKey) {
        self.set_tickets(key, TicketState::Sold, None);
    }

    /// Keeps the tickets that a reservation holds until another time.
    pub fn prolong_hold(&mut self, key: ReservationKey, until: DateTime<Utc>) {
        self.set_tickets(key, TicketState::Held, Some(until));
    }

    /// The free tickets of a section, ascending; those whose hold is due come after the others.
    pub fn find_free(&self, event: EventId, section: &PlanSection) -> Vec<TicketNumber> {
        let first = section.first_ticket;
        let end = TicketNumber(first.0 + section.capacity);
        let rows = || self.tickets.range((event, first)..(event, end));
        let available = rows().filter(|(_, row)| row.state == TicketState::Available);
        let due = rows().filter(|(_, row)| self.is_due(row));
        available.chain(due).map(|(key, _)| key.1).collect()
    }

    /// How many tickets a customer has; the customer must be locked.
    pub fn count_tickets(&self, event: EventId, customer: &str) -> Result<i32, Footprint> {
        let key = (event, customer.to_owned());
        self.customers
            .get(&key)
            .copied()
            .ok_or_else(|| Footprint { customers: [key].into(), ..Footprint::default() })
    }

    /// Counts tickets for or against a customer, where customers are counted.
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
