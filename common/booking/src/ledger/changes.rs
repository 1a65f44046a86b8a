//! What the decisions have changed: the rows to write, and the outcomes to announce.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Ledger, TicketRow};
use crate::domain::{Reservation, ReservationStatus, TicketState};
use crate::ids::{EventId, ReservationId, SectionKey, SectionNumber, TicketNumber};
use crate::messages::{BatchOutcome, SectionChange, TicketChange};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketMove {
    pub event: EventId,
    pub number: TicketNumber,
    /// The state before.
    pub from: TicketState,
    pub to: TicketState,
    /// The reservation that holds or owns it after the move.
    pub reservation: Option<ReservationId>,
    /// When the hold ends, if it is held after the move.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A change of a section: its version rises by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionMove {
    pub event: EventId,
    pub number: SectionNumber,
    /// The version before.
    pub from_version: i64,
    /// The change of its number of available tickets.
    pub available_by: i32,
}

/// All changes of one transaction.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Ordered by event and number.
    pub tickets: Vec<TicketMove>,
    /// Ordered by event and number.
    pub sections: Vec<SectionMove>,
    /// New reservations, ordered by event and id.
    pub inserted: Vec<Reservation>,
    /// Changed reservations with their state before, ordered by event and id.
    pub updated: Vec<(ReservationStatus, Reservation)>,
    /// What to publish to the front doors after the commit.
    pub outcomes: BatchOutcome,
}

impl Ledger {
    /// What the decisions have changed. The outcomes name this queue as their source.
    pub fn changes(&self, queue: &str) -> Changes {
        let tickets = self.ticket_moves();
        let sections = self.section_moves(&tickets);
        let mut outcomes = BatchOutcome::new(queue, self.now());
        outcomes.reservations = self.touched.iter().map(|k| self.reservations[k].clone()).collect();
        outcomes.sections = self.section_changes(&tickets, &sections);
        let mut inserted = Vec::new();
        let mut updated = Vec::new();
        for key in &self.touched {
            let after = &self.reservations[key];
            match self.before.reservations.get(key) {
                None => inserted.push(after.clone()),
                Some(before) if before != after => updated.push((before.status, after.clone())),
                Some(_) => {}
            }
        }
        inserted.sort_unstable_by_key(|reservation| (reservation.event, reservation.id));
        updated.sort_unstable_by_key(|(_, reservation)| (reservation.event, reservation.id));
        Changes { tickets, sections, inserted, updated, outcomes }
    }

    fn ticket_moves(&self) -> Vec<TicketMove> {
        let moved = |(key, after): (&(EventId, TicketNumber), &TicketRow)| {
            let before = &self.before.tickets[key];
            (before != after).then_some(TicketMove {
                event: key.0,
                number: key.1,
                from: before.state,
                to: after.state,
                reservation: after.reservation,
                expires_at: after.expires_at,
            })
        };
        self.tickets.iter().filter_map(moved).collect()
    }

    fn section_moves(&self, tickets: &[TicketMove]) -> Vec<SectionMove> {
        let mut by: BTreeMap<SectionKey, i32> = BTreeMap::new();
        for ticket in tickets {
            let was = i32::from(ticket.from == TicketState::Available);
            let is = i32::from(ticket.to == TicketState::Available);
            *by.entry(self.section_of(ticket)).or_default() += is - was;
        }
        by.into_iter()
            .map(|(key, available_by)| SectionMove {
                event: key.0,
                number: key.1,
                from_version: self.before.sections[&key].version,
                available_by,
            })
            .collect()
    }

    /// The changes of the sections. After a redelivery it also has the versions of sections without
    /// a change, because the message about them may have been lost with the first delivery.
    fn section_changes(&self, tickets: &[TicketMove], moves: &[SectionMove]) -> Vec<SectionChange> {
        let mut sections: BTreeMap<SectionKey, SectionChange> = BTreeMap::new();
        let told = |key: &SectionKey, version, available| SectionChange {
            event: key.0,
            number: key.1,
            version,
            available,
            changes: Vec::new(),
        };
        if self.replayed {
            for (key, row) in &self.before.sections {
                sections.insert(*key, told(key, row.version, row.available));
            }
        }
        for moved in moves {
            let key = (moved.event, moved.number);
            let available = self.before.sections[&key].available + moved.available_by;
            sections.insert(key, told(&key, moved.from_version + 1, available));
        }
        for ticket in tickets {
            let section = sections.get_mut(&self.section_of(ticket)).expect("it moved");
            let alike = |change: &&mut TicketChange| {
                change.state == ticket.to && change.until == ticket.expires_at
            };
            match section.changes.iter_mut().find(alike) {
                Some(change) => change.tickets.push(ticket.number),
                None => section.changes.push(TicketChange {
                    state: ticket.to,
                    until: ticket.expires_at,
                    tickets: vec![ticket.number],
                }),
            }
        }
        sections.into_values().collect()
    }

    fn section_of(&self, ticket: &TicketMove) -> SectionKey {
        let plan = &self.before.plans[&ticket.event];
        let section = plan.section_of(ticket.number).expect("its row was locked with its section");
        (ticket.event, section.number)
    }
}
