//! A reader that knows the tickets only from outcomes, as front doors and browsers do.

use std::collections::BTreeMap;

use booking::domain::TicketState;
use booking::ids::{SectionKey, TicketKey};
use booking::messages::SectionChange;
use chrono::{DateTime, Utc};

use crate::world::World;

pub(crate) struct Board {
    versions: BTreeMap<SectionKey, i64>,
    tickets: BTreeMap<TicketKey, (TicketState, Option<DateTime<Utc>>)>,
}

impl Board {
    /// What it reads at its start.
    pub(crate) fn of(world: &World) -> Self {
        let ticket = |row: &booking::ledger::TicketRow| (row.state, row.expires_at);
        Self {
            versions: world.sections.iter().map(|(key, row)| (*key, row.version)).collect(),
            tickets: world.tickets.iter().map(|(key, row)| (*key, ticket(row))).collect(),
        }
    }

    /// Follows outcomes, which come in order and without a gap.
    pub(crate) fn follow(&mut self, sections: &[SectionChange]) {
        for section in sections {
            let known = self.versions.get_mut(&(section.event, section.number));
            let known = known.expect("a section of the plan");
            if section.changes.is_empty() {
                assert_eq!(section.version, *known, "nothing moved, so the version did not");
                continue;
            }
            assert_eq!(section.version, *known + 1, "one step for each transaction");
            *known = section.version;
            for change in &section.changes {
                assert!(change.tickets.is_sorted());
                for ticket in &change.tickets {
                    let now = (change.state, change.until);
                    let before = self.tickets.insert((section.event, *ticket), now);
                    assert!(before.is_some(), "{ticket} is a ticket");
                }
            }
            let mut states = self
                .tickets
                .iter()
                .filter(|(key, _)| (1..=10).contains(&key.1.0) == (section.number.0 == 1));
            let free = states.by_ref().filter(|(_, now)| now.0 == TicketState::Available).count();
            assert_eq!(free as i32, section.available);
        }
    }

    /// It knows what the database knows.
    pub(crate) fn check(&self, world: &World) {
        let fresh = Self::of(world);
        assert_eq!(self.versions, fresh.versions);
        assert_eq!(self.tickets, fresh.tickets);
    }
}
