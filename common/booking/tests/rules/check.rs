//! Writes with the conditions of the SQL statements, and the rules that hold after every commit.

use booking::domain::{PaymentStatus, Reservation, ReservationStatus, TicketState};
use booking::ledger::Changes;

use crate::world::{CUSTOMERS, EVENT, World};

impl World {
    /// Writes what a ledger moved. Every row must leave the state that it is in.
    pub(crate) fn write(&mut self, changes: &Changes) {
        for moved in &changes.tickets {
            let row = self.tickets.get_mut(&(moved.event, moved.number)).expect("a ticket");
            assert_eq!(row.state, moved.from, "{moved:?}");
            row.state = moved.to;
            row.reservation = moved.reservation;
            row.expires_at = moved.expires_at;
        }
        for moved in &changes.sections {
            let row = self.sections.get_mut(&(moved.event, moved.number)).expect("a section");
            assert_eq!(row.version, moved.from_version, "{moved:?}");
            row.version += 1;
            row.available += moved.available_by;
        }
        for (from, after) in &changes.updated {
            let before = self.reservations.insert((after.event, after.id), after.clone());
            let before = before.expect("only what exists is updated");
            assert_eq!(before.status, *from);
            assert_eq!(after.revision, before.revision + 1, "one move in one transaction");
            assert!(before.status.may_become(after.status), "{before:?} became {after:?}");
            assert_eq!((&before.tickets, &before.prices), (&after.tickets, &after.prices));
            assert_eq!(before.customer, after.customer);
        }
        for new in &changes.inserted {
            let before = self.reservations.insert((new.event, new.id), new.clone());
            assert_eq!(before, None, "only what is new is inserted");
            assert!(ReservationStatus::Pending.may_become(new.status), "{new:?} is a beginning");
        }
    }

    /// What the audit asks of the database.
    pub(crate) fn check(&self) {
        self.check_sections();
        self.check_tickets();
        self.reservations.values().for_each(|one| self.check_reservation(one));
        let Some(limit) = self.terms.tickets_per_customer else { return };
        for customer in CUSTOMERS {
            let has = self.tickets_of(customer);
            assert!(has <= limit, "{customer} has {has} tickets of {limit}");
        }
    }

    fn check_sections(&self) {
        for section in &self.plan.sections {
            let count = |state| {
                let mut rows = self.tickets.iter();
                let here = |(key, row): &(&(_, _), &booking::ledger::TicketRow)| {
                    section.contains(key.1) && row.state == state
                };
                rows.by_ref().filter(here).count() as i32
            };
            let counts = TicketState::ALL.iter().map(|state| count(*state));
            assert_eq!(counts.sum::<i32>(), section.capacity, "every ticket is in one state");
            let row = self.sections[&(EVENT, section.number)];
            assert_eq!(row.available, count(TicketState::Available), "{}", section.number);
        }
    }

    fn check_tickets(&self) {
        for (key, row) in &self.tickets {
            let taken = matches!(row.state, TicketState::Held | TicketState::Sold);
            assert_eq!(row.reservation.is_some(), taken, "{key:?} {row:?}");
            assert_eq!(row.expires_at.is_some(), row.state == TicketState::Held, "{key:?} {row:?}");
            let Some(holder) = row.reservation else { continue };
            let holder = &self.reservations[&(key.0, holder)];
            assert!(holder.status.is_live(), "{key:?} belongs to {holder:?}");
            assert!(holder.tickets.contains(&key.1), "{key:?} is not in the list of {holder:?}");
            let sold = holder.status == ReservationStatus::Confirmed;
            assert_eq!(row.state == TicketState::Sold, sold, "{key:?} {row:?} {holder:?}");
        }
    }

    fn check_reservation(&self, one: &Reservation) {
        use ReservationStatus::{Confirmed, Held, Paying, Rejected};
        assert_eq!(one.tickets.len(), one.prices.len());
        assert!(one.tickets.is_sorted(), "{one:?}");
        assert!(one.status != Rejected || one.reason.is_some(), "{one:?}");
        if one.status.is_live() {
            assert!(!one.tickets.is_empty(), "{one:?} has a claim on something");
            for ticket in &one.tickets {
                let row = &self.tickets[&(one.event, *ticket)];
                assert_eq!(row.reservation, Some(one.id), "{one:?} has its tickets");
                assert_eq!(row.expires_at, one.expires_at, "{one:?} {row:?}");
            }
        }
        assert!(!matches!(one.status, Held | Paying) || one.expires_at.is_some(), "{one:?}");
        let of_it = || self.payments.values().filter(|payment| payment.reservation == one.id);
        let succeeded: Vec<_> =
            of_it().filter(|payment| payment.status == PaymentStatus::Succeeded).collect();
        assert_eq!(succeeded.len(), usize::from(one.status == Confirmed), "{one:?}");
        assert!(succeeded.iter().all(|payment| payment.money() == one.total()), "{one:?}");
        let processing = of_it().filter(|payment| payment.status == PaymentStatus::Processing);
        assert!(processing.count() <= 1, "one payment at a time");
    }
}
