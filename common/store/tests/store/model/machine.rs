//! The model: what must come of each command, said as plainly as can be.

use std::collections::BTreeMap;

use booking::domain::{PaymentStatus, Reason, ReservationStatus};
use booking::payments::Charge;
use booking::requests::{Best, Request, Reserve};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{HOLD_SECONDS, PAYING_SECONDS, TICKETS_PER_RESERVATION, tickets_of_section};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) status: ReservationStatus,
    pub(super) customer: Option<String>,
    pub(super) tickets: Vec<i32>,
    pub(super) conflicts: Vec<i32>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) reason: Option<Reason>,
    pub(super) frozen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) reservation: u128,
    pub(super) status: PaymentStatus,
    pub(super) reason: Option<Reason>,
    pub(super) refund_due: bool,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) now: DateTime<Utc>,
    pub(super) limit: Option<i32>,
    pub(super) reservations: BTreeMap<u128, Entry>,
    pub(super) payments: BTreeMap<u128, Attempt>,
    /// Who holds or owns each ticket that is taken.
    pub(super) holders: BTreeMap<i32, u128>,
    /// Tickets of customers who lost what they were paying for in this transaction: it counts on
    /// against their limit until the transaction ends.
    pub(super) lost: BTreeMap<String, i32>,
}

impl Model {
    /// One request. Which tickets of a section are taken is the decision's own affair: `chosen` is
    /// what it took, and must have been free.
    pub(super) fn decide(&mut self, request: &Request, chosen: &[i32]) {
        match request {
            Request::Cancel(cancel) => self.cancel(cancel.id.0.as_u128()),
            Request::Reserve(reserve) => self.reserve(reserve, chosen),
        }
    }

    fn reserve(&mut self, request: &Reserve, chosen: &[i32]) {
        let number = request.id.0.as_u128();
        if self.reservations.contains_key(&number) {
            return;
        }
        let customer = Some(request.customer.clone());
        let entry = match self.choose(request, chosen) {
            Ok(tickets) => {
                self.vacate(&tickets);
                self.holders.extend(tickets.iter().map(|ticket| (*ticket, number)));
                let expires_at = Some(self.now + TimeDelta::seconds(HOLD_SECONDS));
                Entry { customer, tickets, expires_at, ..entry(ReservationStatus::Held) }
            }
            Err((reason, conflicts)) => Entry {
                customer,
                reason: Some(reason),
                conflicts,
                ..entry(ReservationStatus::Rejected)
            },
        };
        self.reservations.insert(number, entry);
    }

    fn choose(&self, request: &Reserve, chosen: &[i32]) -> Result<Vec<i32>, (Reason, Vec<i32>)> {
        let tickets: Vec<i32> = request.tickets.iter().map(|ticket| ticket.0).collect();
        let quantity = (tickets.len() as i32).max(request.best.map_or(0, |best| best.quantity));
        if quantity > TICKETS_PER_RESERVATION {
            return Err((Reason::TooManyTickets, Vec::new()));
        }
        if self.limit.is_some_and(|limit| self.tickets_of(&request.customer) + quantity > limit) {
            return Err((Reason::CustomerLimit, Vec::new()));
        }
        let taken: Vec<i32> = tickets.iter().copied().filter(|one| !self.is_free(*one)).collect();
        if !tickets.is_empty() && taken.is_empty() {
            return Ok(tickets);
        }
        let Some(Best { quantity, section: Some(section), .. }) = request.best else {
            return Err((Reason::TicketsUnavailable, taken));
        };
        let free: Vec<i32> =
            tickets_of_section(section.0).filter(|ticket| self.is_free(*ticket)).collect();
        if free.len() < quantity as usize {
            return Err((Reason::NotEnoughAvailable, taken));
        }
        assert_eq!(chosen.len(), quantity as usize, "{} of section {section} are free", free.len());
        assert!(chosen.is_sorted_by(|one, next| one < next), "{chosen:?}");
        assert!(chosen.iter().all(|ticket| free.contains(ticket)), "{chosen:?} of {free:?}");
        Ok(chosen.to_vec())
    }

    fn cancel(&mut self, number: u128) {
        let cancelled = ReservationStatus::Cancelled;
        let reason = Some(Reason::CancelledByCustomer);
        let Some(held) = self.reservations.get_mut(&number) else {
            self.reservations.insert(number, Entry { reason, ..entry(cancelled) });
            return;
        };
        if held.status != ReservationStatus::Held {
            return;
        }
        if self.is_due(number) {
            self.lapse(number);
        } else {
            let held = self.reservations.get_mut(&number).expect("it is there");
            (held.status, held.reason) = (cancelled, reason);
            self.holders.retain(|_, holder| *holder != number);
        }
    }

    pub(super) fn prompt(&mut self, number: u128) {
        if self.is_due(number) {
            self.lapse(number);
        }
    }

    pub(super) fn begin(&mut self, payment: u128, number: u128) {
        if self.payments.contains_key(&payment) {
            return;
        }
        if self.status(number) == Some(ReservationStatus::Held) && self.is_due(number) {
            self.lapse(number);
        }
        let refused = match self.status(number) {
            Some(ReservationStatus::Held) => None,
            Some(ReservationStatus::Paying) => Some(Reason::PaymentInProgress),
            Some(ReservationStatus::Confirmed) => Some(Reason::AlreadyConfirmed),
            Some(ReservationStatus::Expired) => Some(Reason::Expired),
            _ => Some(Reason::NotHeld),
        };
        let mut status = PaymentStatus::Failed;
        if refused.is_none() {
            status = PaymentStatus::Processing;
            let kept = self.now + TimeDelta::seconds(PAYING_SECONDS);
            let entry = self.reservations.get_mut(&number).expect("it is held");
            if !entry.frozen {
                entry.expires_at = entry.expires_at.max(Some(kept));
            }
            (entry.frozen, entry.status, entry.reason) = (true, ReservationStatus::Paying, None);
        }
        let attempt = Attempt { reservation: number, status, reason: refused, refund_due: false };
        self.payments.insert(payment, attempt);
    }

    pub(super) fn answer(&mut self, payment: u128, charge: Charge) {
        let Some(attempt) = self.payments.get(&payment) else { return };
        if attempt.status != PaymentStatus::Processing || attempt.refund_due {
            return;
        }
        let number = attempt.reservation;
        let (status, reason, refund_due) = match charge {
            Charge::Captured if self.confirm(number) => (PaymentStatus::Succeeded, None, false),
            Charge::Captured => (PaymentStatus::Processing, Some(Reason::HoldLost), true),
            Charge::Declined(reason) => (PaymentStatus::Declined, Some(reason), false),
            Charge::Failed(reason) => (PaymentStatus::Failed, Some(reason), false),
        };
        if charge != Charge::Captured && self.status(number) == Some(ReservationStatus::Paying) {
            if self.is_due(number) {
                self.lapse(number);
            } else {
                let entry = self.reservations.get_mut(&number).expect("it is paying");
                (entry.status, entry.reason) = (ReservationStatus::Held, None);
            }
        }
        let attempt = self.payments.get_mut(&payment).expect("it is there");
        (attempt.status, attempt.reason, attempt.refund_due) = (status, reason, refund_due);
    }

    pub(super) fn given_back(&mut self, payment: u128) {
        if let Some(attempt) = self.payments.get_mut(&payment).filter(|one| one.refund_due) {
            (attempt.status, attempt.refund_due) = (PaymentStatus::Refunded, false);
        }
    }

    fn confirm(&mut self, number: u128) -> bool {
        let Some(entry) = self.reservations.get(&number).cloned() else { return false };
        let customer = entry.customer.clone().unwrap_or_default();
        let within = |limit| self.tickets_of(&customer) + entry.tickets.len() as i32 <= limit;
        let again = entry.status == ReservationStatus::Expired
            && entry.tickets.iter().all(|ticket| self.is_free(*ticket))
            && self.limit.is_none_or(within);
        if again {
            self.vacate(&entry.tickets);
            self.holders.extend(entry.tickets.iter().map(|ticket| (*ticket, number)));
        }
        if again || entry.status == ReservationStatus::Paying {
            let entry = self.reservations.get_mut(&number).expect("it is there");
            (entry.status, entry.reason) = (ReservationStatus::Confirmed, None);
            entry.expires_at = None;
            return true;
        }
        false
    }

    fn status(&self, number: u128) -> Option<ReservationStatus> {
        self.reservations.get(&number).map(|entry| entry.status)
    }

    fn is_due(&self, number: u128) -> bool {
        use ReservationStatus::{Held, Paying};
        self.reservations.get(&number).is_some_and(|entry| {
            matches!(entry.status, Held | Paying)
                && entry.expires_at.is_some_and(|at| at <= self.now)
        })
    }

    fn is_free(&self, ticket: i32) -> bool {
        self.holders.get(&ticket).is_none_or(|holder| self.is_due(*holder))
    }

    fn vacate(&mut self, tickets: &[i32]) {
        for ticket in tickets {
            if let Some(holder) = self.holders.get(ticket).copied() {
                self.lapse(holder);
            }
        }
    }

    fn lapse(&mut self, number: u128) {
        let entry = self.reservations.get_mut(&number).expect("it is there");
        if entry.status == ReservationStatus::Paying {
            *self.lost.entry(entry.customer.clone().unwrap_or_default()).or_default() +=
                entry.tickets.len() as i32;
        }
        (entry.status, entry.reason) = (ReservationStatus::Expired, Some(Reason::Expired));
        self.holders.retain(|_, holder| *holder != number);
    }

    fn tickets_of(&self, customer: &str) -> i32 {
        let counts = |(number, entry): &(&u128, &Entry)| match entry.status {
            ReservationStatus::Held => !self.is_due(**number),
            status => matches!(status, ReservationStatus::Paying | ReservationStatus::Confirmed),
        };
        let of_customer =
            |(_, entry): &(&u128, &Entry)| entry.customer.as_deref() == Some(customer);
        let live = self.reservations.iter().filter(of_customer).filter(counts);
        let has: i32 = live.map(|(_, entry)| entry.tickets.len() as i32).sum();
        has + self.lost.get(customer).copied().unwrap_or_default()
    }
}

fn entry(status: ReservationStatus) -> Entry {
    Entry {
        status,
        customer: None,
        tickets: Vec::new(),
        conflicts: Vec::new(),
        expires_at: None,
        reason: None,
        frozen: false,
    }
}
