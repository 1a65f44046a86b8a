//! Reserve: a buyer requests tickets.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Duration, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::best::pick_best;
use super::{Best, Decide, Route};
use crate::domain::{Reason, Reservation, ReservationStatus, SeatingPlan, Terms};
use crate::ids::{EventId, ReservationId, ReservationKey, SectionNumber, TicketKey, TicketNumber};
use crate::ledger::{Decision, Footprint, Ledger};

/// A request to hold these tickets, or the best of a kind, or the best if these are not free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    pub id: ReservationId,
    pub event: EventId,
    pub customer: String,
    /// The named tickets, all or none. Ascending, without repetition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<TicketNumber>,
    /// Used if no tickets are named, or if they are not free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// When the front door accepted it, by its clock.
    #[serde(with = "ts_milliseconds")]
    pub accepted_at: DateTime<Utc>,
    /// The patience: if the request is older than this when it is decided, it is refused. In
    /// milliseconds.
    pub patience_ms: u32,
    /// A hash of the request's body.
    pub fingerprint: i64,
}

impl Decide for Reserve {
    fn key(&self) -> ReservationKey {
        (self.event, self.id)
    }

    fn accepted_at(&self) -> DateTime<Utc> {
        self.accepted_at
    }

    /// The section of the first named ticket, else the section for the best tickets. Requests that
    /// name no section share one partition of their event.
    fn route(&self, plan: &SeatingPlan) -> Route {
        let wished = self.tickets.first().and_then(|ticket| plan.section_of(*ticket));
        let wished = wished.map(|section| section.number);
        let section = wished.or(self.best.and_then(|best| best.section));
        Route::Section(self.event, section.unwrap_or(SectionNumber(0)))
    }

    fn footprint(&self, plan: &SeatingPlan, footprint: &mut Footprint) {
        footprint.reservations.insert(self.key());
        if plan.limits_customers {
            footprint.customers.insert((self.event, self.customer.clone()));
        }
        footprint.add_tickets(&self.tickets, plan);
        let Some(best) = self.best else { return };
        for section in plan.sections.iter().filter(|section| best.wants_section(section.number)) {
            // Seats side by side, or in one of several tiers, may not be among the first free ones.
            let all = best.together || section.tiers.len() > 1;
            let enough = if all { section.capacity } else { best.quantity };
            footprint.add_scan((self.event, section.number), enough);
        }
    }

    /// Holds the tickets, or refuses with a reason. If locks are missing, the ledger is not
    /// changed.
    fn decide(&self, ledger: &mut Ledger) -> Decision<()> {
        if ledger.reservation(self.key()).is_some() {
            ledger.announce_again(self.key());
            return Decision::Made(());
        }
        let plan = ledger.plan(self.event);
        match choose_tickets(ledger, self, &plan) {
            Err(need) => return Decision::NeedsLocks(need),
            Ok(Choice::Take(tickets)) => hold_tickets(ledger, self, &plan, tickets),
            Ok(Choice::Refuse(reason, conflicts)) => ledger.put_reservation(Reservation {
                reason: Some(reason),
                conflicts,
                ..blank(self, &plan)
            }),
        }
        Decision::Made(())
    }

    /// Refuses the request as a fault of ours. The record contains no values that the database
    /// could refuse.
    fn reject(&self, ledger: &mut Ledger) {
        if ledger.reservation(self.key()).is_some() {
            ledger.announce_again(self.key());
            return;
        }
        let plan = ledger.plan(self.event);
        let customer = self.customer.chars().filter(|c| !c.is_control()).take(254).collect();
        ledger.put_reservation(Reservation {
            reason: Some(Reason::InternalError),
            customer: Some(customer),
            ..blank(self, &plan)
        });
    }
}

enum Choice {
    Take(Vec<TicketNumber>),
    Refuse(Reason, Vec<TicketNumber>),
}

fn hold_tickets(
    ledger: &mut Ledger,
    request: &Reserve,
    plan: &SeatingPlan,
    tickets: Vec<TicketNumber>,
) {
    let keys: Vec<TicketKey> = tickets.iter().map(|ticket| (request.event, *ticket)).collect();
    ledger.expire_holds_on(&keys);
    let terms = ledger.terms(request.event).expect("its sections are locked");
    let expires_at = ledger.now() + TimeDelta::seconds(i64::from(terms.hold_seconds));
    let prices = keys.iter().map(|key| ledger.price(*key)).collect();
    ledger.hold_tickets(&keys, request.id, expires_at);
    ledger.add_to_count(request.event, &request.customer, tickets.len() as i32);
    ledger.put_reservation(Reservation {
        status: ReservationStatus::Held,
        tickets,
        prices,
        expires_at: Some(expires_at),
        ..blank(request, plan)
    });
}

fn choose_tickets(
    ledger: &Ledger,
    request: &Reserve,
    plan: &SeatingPlan,
) -> Result<Choice, Footprint> {
    let refuse = |reason| Ok(Choice::Refuse(reason, Vec::new()));
    if ledger.now() - request.accepted_at > Duration::milliseconds(i64::from(request.patience_ms)) {
        return refuse(Reason::TooLate);
    }
    let quantity =
        request.tickets.len().max(request.best.map_or(0, |b| b.quantity.max(0) as usize));
    let known = |ticket: &TicketNumber| plan.section_of(*ticket).is_some();
    let Some(terms) = ledger.terms(request.event) else {
        return refuse(Reason::UnknownTicket);
    };
    if quantity == 0 || !request.tickets.iter().all(known) {
        return refuse(Reason::UnknownTicket);
    }
    if let Some(reason) = terms.find_refusal(ledger.now()) {
        return refuse(reason);
    }
    if quantity > terms.tickets_per_reservation as usize {
        return refuse(Reason::TooManyTickets);
    }
    if exceeds_customer_limit(ledger, request, terms, quantity as i32)? {
        return refuse(Reason::CustomerLimit);
    }
    let wish: Vec<TicketKey> = request.tickets.iter().map(|t| (request.event, *t)).collect();
    let taken = ledger.find_taken(&wish)?;
    if !wish.is_empty() && taken.is_empty() {
        return Ok(Choice::Take(request.tickets.clone()));
    }
    match &request.best {
        Some(best) => choose_best(ledger, plan, best, taken),
        None => Ok(Choice::Refuse(Reason::TicketsUnavailable, taken)),
    }
}

fn exceeds_customer_limit(
    ledger: &Ledger,
    request: &Reserve,
    terms: &Terms,
    quantity: i32,
) -> Result<bool, Footprint> {
    let Some(limit) = terms.tickets_per_customer else { return Ok(false) };
    Ok(ledger.count_tickets(request.event, &request.customer)? + quantity > limit)
}

/// The first section, by number, that has the requested tickets.
fn choose_best(
    ledger: &Ledger,
    plan: &SeatingPlan,
    best: &Best,
    taken: Vec<TicketNumber>,
) -> Result<Choice, Footprint> {
    let mut reason = Reason::NotEnoughAvailable;
    for section in plan.sections.iter().filter(|section| best.wants_section(section.number)) {
        match pick_best(section, &ledger.find_free(plan.event, section), best) {
            Ok(tickets) => {
                let keys: Vec<TicketKey> = tickets.iter().map(|t| (plan.event, *t)).collect();
                ledger.find_taken(&keys)?;
                return Ok(Choice::Take(tickets));
            }
            Err(Reason::NotTogether) => reason = Reason::NotTogether,
            Err(_) => {}
        }
    }
    Ok(Choice::Refuse(reason, taken))
}

/// The record of a request that holds nothing.
fn blank(request: &Reserve, plan: &SeatingPlan) -> Reservation {
    Reservation {
        event: request.event,
        id: request.id,
        revision: 1,
        status: ReservationStatus::Rejected,
        customer: Some(request.customer.clone()),
        tickets: Vec::new(),
        prices: Vec::new(),
        currency: plan.currency,
        created_at: request.accepted_at,
        expires_at: None,
        frozen: false,
        reason: None,
        conflicts: Vec::new(),
        fingerprint: request.fingerprint,
    }
}
