//! The tickets of one section at a version, moved by what the workers decide. Pure.

use std::collections::BTreeMap;

use booking::domain::TicketState;
use booking::ids::{SectionNumber, TicketNumber};
use booking::messages::SectionChange;
use store::availability::SectionState;

use super::frames::{SectionStep, StateChange};

/// A ticket's state, packed: free, held until that many milliseconds since 1970, or gone.
const FREE: i64 = 0;
const SOLD: i64 = i64::MAX;
const BLOCKED: i64 = i64::MAX - 1;
/// Not read yet.
const UNKNOWN: i64 = -1;
/// Changes that wait for one before them, at most; then the section is read again.
const WAITING_MAX: usize = 64;

#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub number: SectionNumber,
    /// Its version, or [`UNKNOWN`].
    version: i64,
    /// The newest version that was heard of.
    heard: i64,
    doubted: bool,
    available: i32,
    first_ticket: i32,
    tickets: Vec<i64>,
    waiting: BTreeMap<i64, SectionChange>,
}

impl Section {
    /// A section of which nothing is known.
    pub(crate) fn unknown(
        number: SectionNumber,
        first_ticket: TicketNumber,
        capacity: i32,
    ) -> Self {
        Self {
            number,
            version: UNKNOWN,
            heard: UNKNOWN,
            doubted: false,
            available: 0,
            first_ticket: first_ticket.0,
            tickets: vec![BLOCKED; capacity.max(0) as usize],
            waiting: BTreeMap::new(),
        }
    }

    /// How many tickets it has.
    pub(crate) fn capacity(&self) -> i32 {
        self.tickets.len() as i32
    }

    /// It was read once.
    pub(crate) fn is_known(&self) -> bool {
        self.version != UNKNOWN
    }

    /// It was read, and there was no reason for doubt since.
    pub(crate) fn is_trusted(&self) -> bool {
        self.is_known() && !self.doubted
    }

    /// Nothing newer was heard of.
    pub(crate) fn is_current(&self) -> bool {
        self.is_trusted() && self.version >= self.heard
    }

    /// Its version and how many tickets are available at it.
    pub(crate) fn counts(&self) -> (i64, i32) {
        (self.version, self.available)
    }

    /// Some changes may have been missed: it is not current until it is read again.
    pub(crate) fn doubt(&mut self) {
        self.doubted = true;
    }

    /// Moves it by a change, and by those that waited for it. What came too early waits; what is
    /// known is ignored. Returns the steps that were taken, each one version.
    pub(crate) fn apply(&mut self, change: SectionChange) -> Vec<SectionStep> {
        self.heard = self.heard.max(change.version);
        // One that only says its version does not say how to come there.
        if change.version > self.version && !change.changes.is_empty() {
            self.waiting.insert(change.version, change);
            if self.waiting.len() > WAITING_MAX {
                self.waiting.pop_first();
            }
        }
        self.advance()
    }

    /// Takes over what was read, if it is newer. `settles` where it was read after the last doubt.
    /// Returns how to come from the state before to this one (its version may be more than one step
    /// away), and the steps that followed.
    pub(crate) fn install(&mut self, read: &SectionState, settles: bool) -> Vec<SectionStep> {
        self.doubted &= !settles;
        if read.version < self.version {
            return Vec::new();
        }
        let mut tickets = vec![FREE; self.tickets.len()];
        for (ticket, state, until) in &read.taken {
            if let Some(place) = self.place(*ticket) {
                tickets[place] = pack(*state, until.map(|at| at.timestamp_millis()));
            }
        }
        let is_move = self.is_known() && read.version > self.version;
        let mut steps = Vec::new();
        if is_move {
            steps.push(self.difference(&tickets, read));
        }
        self.tickets = tickets;
        self.version = read.version;
        self.available = read.available;
        self.heard = self.heard.max(self.version);
        steps.extend(self.advance());
        steps
    }

    /// The tickets that are not available, ascending.
    pub(crate) fn taken(&self) -> impl Iterator<Item = i32> + '_ {
        let first = self.first_ticket;
        let taken = self.tickets.iter().enumerate().filter(|(_, packed)| **packed != FREE);
        taken.map(move |(place, _)| first + place as i32)
    }

    /// Whether a ticket may be had at that time: it is free, or its hold is over by then.
    pub(crate) fn may_be_had(&self, ticket: TicketNumber, by_ms: i64) -> bool {
        self.place(ticket).is_some_and(|place| self.tickets[place] <= by_ms)
    }

    /// Whether at least so many tickets may be had at that time.
    pub(crate) fn may_have(&self, quantity: i32, by_ms: i64) -> bool {
        let quantity = quantity.max(0) as usize;
        self.tickets.iter().filter(|packed| **packed <= by_ms).take(quantity).count() == quantity
    }

    fn advance(&mut self) -> Vec<SectionStep> {
        let mut steps = Vec::new();
        if !self.is_known() {
            return steps;
        }
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > self.version + 1 {
                break;
            }
            let change = entry.remove();
            if change.version == self.version + 1 {
                self.step(&change);
                steps.push(change.into());
            }
        }
        steps
    }

    fn step(&mut self, change: &SectionChange) {
        for moved in &change.changes {
            let packed = pack(moved.state, moved.until.map(|at| at.timestamp_millis()));
            for ticket in &moved.tickets {
                if let Some(place) = self.place(*ticket) {
                    self.tickets[place] = packed;
                }
            }
        }
        self.version = change.version;
        self.available = change.available;
    }

    fn difference(&self, after: &[i64], read: &SectionState) -> SectionStep {
        let mut by_state: BTreeMap<TicketState, Vec<TicketNumber>> = BTreeMap::new();
        for (place, (before, after)) in self.tickets.iter().zip(after).enumerate() {
            if before != after {
                let ticket = TicketNumber(self.first_ticket + place as i32);
                by_state.entry(unpack(*after)).or_default().push(ticket);
            }
        }
        let change = |(state, tickets)| StateChange { state, tickets };
        SectionStep {
            number: self.number,
            version: read.version,
            available: read.available,
            changes: by_state.into_iter().map(change).collect(),
        }
    }

    fn place(&self, ticket: TicketNumber) -> Option<usize> {
        let place = usize::try_from(i64::from(ticket.0) - i64::from(self.first_ticket)).ok()?;
        (place < self.tickets.len()).then_some(place)
    }
}

fn pack(state: TicketState, until_ms: Option<i64>) -> i64 {
    match state {
        TicketState::Available => FREE,
        TicketState::Held => until_ms.unwrap_or(BLOCKED - 1).clamp(FREE + 1, BLOCKED - 1),
        TicketState::Sold => SOLD,
        TicketState::Blocked => BLOCKED,
    }
}

fn unpack(packed: i64) -> TicketState {
    match packed {
        FREE => TicketState::Available,
        SOLD => TicketState::Sold,
        BLOCKED => TicketState::Blocked,
        _ => TicketState::Held,
    }
}

#[cfg(test)]
#[path = "section_tests.rs"]
mod tests;
