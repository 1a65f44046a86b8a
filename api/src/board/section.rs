//! The tickets of one section at a version, updated by outcomes. Pure.

use std::collections::BTreeMap;

use booking::domain::TicketState;
use booking::ids::{SectionNumber, TicketNumber};
use booking::messages::SectionChange;
use store::availability::SectionState;

use super::frames::{SectionStep, StateChange};

/// A ticket's state in one integer: free, sold, blocked, or held until that Unix time in
/// milliseconds. So one comparison shows whether a ticket may be free at a time.
const FREE: i64 = 0;
const SOLD: i64 = i64::MAX;
const BLOCKED: i64 = i64::MAX - 1;
/// The version of a section that was not read yet.
const UNKNOWN: i64 = -1;
/// The most changes that wait for an earlier one. Beyond that, the oldest is dropped; the section
/// is read again anyway.
const WAITING_MAX: usize = 64;

#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub number: SectionNumber,
    /// Or [`UNKNOWN`].
    version: i64,
    /// The newest version that any message has named.
    heard: i64,
    doubted: bool,
    available: i32,
    first_ticket: i32,
    tickets: Vec<i64>,
    waiting: BTreeMap<i64, SectionChange>,
}

impl Section {
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

    pub(crate) fn capacity(&self) -> i32 {
        self.tickets.len() as i32
    }

    /// Whether it was read at least once.
    pub(crate) fn is_known(&self) -> bool {
        self.version != UNKNOWN
    }

    /// Whether it was read, and since then no message can have been missed.
    pub(crate) fn is_trusted(&self) -> bool {
        self.is_known() && !self.doubted
    }

    /// Whether it is trusted and no newer version is known.
    pub(crate) fn is_current(&self) -> bool {
        self.is_trusted() && self.version >= self.heard
    }

    /// The version, and the number of available tickets at that version.
    pub(crate) fn counts(&self) -> (i64, i32) {
        (self.version, self.available)
    }

    /// Some changes may have been missed: it is not current until it is read again.
    pub(crate) fn doubt(&mut self) {
        self.doubted = true;
    }

    /// Applies a change, and the changes that waited for it. A change that came too early waits; a
    /// change that is known already is ignored. Returns the steps, one for each version.
    pub(crate) fn apply(&mut self, change: SectionChange) -> Vec<SectionStep> {
        self.heard = self.heard.max(change.version);
        // A message without changes names a version but not how to reach it.
        if change.version > self.version && !change.changes.is_empty() {
            self.waiting.insert(change.version, change);
            if self.waiting.len() > WAITING_MAX {
                self.waiting.pop_first();
            }
        }
        self.advance()
    }

    /// Installs what was read, unless it is older. `settles` means that the read began after the
    /// last doubt. Returns one step to the version that was read, which may be several versions
    /// later, and the steps that followed.
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

    /// Whether a ticket may be free at that time: it is free, or its hold ends by then.
    pub(crate) fn may_be_had(&self, ticket: TicketNumber, by_ms: i64) -> bool {
        self.place(ticket).is_some_and(|place| self.tickets[place] <= by_ms)
    }

    /// Whether at least `quantity` tickets may be free at that time.
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
