//! Decides one request for tickets.

use chrono::{Duration, TimeDelta};

use super::footprint::{Footprint, TicketKey};
use super::ledger::Ledger;
use super::pick::pick;
use crate::domain::{House, Reason, Reservation, ReservationStatus, Terms, TicketNumber};
use crate::messages::{Best, Reserve};

enum Choice {
    Take(Vec<TicketNumber>),
    Refuse(Reason, Vec<TicketNumber>),
}

/// Holds the tickets, or refuses with a reason; what was decided before is told again. The error
/// is what must be locked first; the ledger is not moved then.
pub fn reserve(ledger: &mut Ledger, request: &Reserve) -> Result<(), Footprint> {
    let key = (request.event, request.id);
    if ledger.reservation(key).is_some() {
        ledger.replay(key);
        return Ok(());
    }
    let house = ledger.house(request.event);
    match choose(ledger, request, &house)? {
        Choice::Refuse(reason, conflicts) => {
            ledger.put(Reservation { reason: Some(reason), conflicts, ..blank(request, &house) });
        }
        Choice::Take(tickets) => hold(ledger, request, &house, tickets),
    }
    Ok(())
}

/// Refuses a request that could not be decided because of a fault of ours, so that its buyer has an
/// answer. What may be wrong with it is left out.
pub fn reject_faulty(ledger: &mut Ledger, request: &Reserve) {
    let key = (request.event, request.id);
    if ledger.reservation(key).is_some() {
        ledger.replay(key);
        return;
    }
    let house = ledger.house(request.event);
    let customer = request.customer.chars().filter(|c| !c.is_control()).take(254).collect();
    ledger.put(Reservation {
        reason: Some(Reason::InternalError),
        customer: Some(customer),
        ..blank(request, &house)
    });
}

fn hold(ledger: &mut Ledger, request: &Reserve, house: &House, tickets: Vec<TicketNumber>) {
    let keys: Vec<TicketKey> = tickets.iter().map(|ticket| (request.event, *ticket)).collect();
    ledger.vacate(&keys);
    let terms = ledger.terms(request.event).expect("its sections are locked");
    let expires_at = ledger.now() + TimeDelta::seconds(i64::from(terms.hold_seconds));
    let prices = keys.iter().map(|key| ledger.tickets[key].price).collect();
    ledger.hold(&keys, request.id, expires_at);
    ledger.count_for(request.event, &request.customer, tickets.len() as i32);
    ledger.put(Reservation {
        status: ReservationStatus::Held,
        tickets,
        prices,
        expires_at: Some(expires_at),
        ..blank(request, house)
    });
}

fn choose(ledger: &Ledger, request: &Reserve, house: &House) -> Result<Choice, Footprint> {
    let refuse = |reason| Ok(Choice::Refuse(reason, Vec::new()));
    if ledger.now() - request.accepted_at > Duration::milliseconds(i64::from(request.patience_ms)) {
        return refuse(Reason::TooLate);
    }
    let quantity =
        request.tickets.len().max(request.best.map_or(0, |b| b.quantity.max(0) as usize));
    let known = |ticket: &TicketNumber| house.section_of(*ticket).is_some();
    let Some(terms) = ledger.terms(request.event) else {
        return refuse(Reason::UnknownTicket);
    };
    if quantity == 0 || !request.tickets.iter().all(known) {
        return refuse(Reason::UnknownTicket);
    }
    if let Some(reason) = terms.refusal(ledger.now()) {
        return refuse(reason);
    }
    if quantity > terms.tickets_per_reservation as usize {
        return refuse(Reason::TooManyTickets);
    }
    if exceeds_customer_limit(ledger, request, terms, quantity as i32)? {
        return refuse(Reason::CustomerLimit);
    }
    let wish: Vec<TicketKey> = request.tickets.iter().map(|t| (request.event, *t)).collect();
    let taken = ledger.not_free(&wish)?;
    if !wish.is_empty() && taken.is_empty() {
        return Ok(Choice::Take(request.tickets.clone()));
    }
    match &request.best {
        Some(best) => choose_best(ledger, house, best, taken),
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
    Ok(ledger.tickets_of(request.event, &request.customer)? + quantity > limit)
}

/// The first section, by number, that has what is asked for.
fn choose_best(
    ledger: &Ledger,
    house: &House,
    best: &Best,
    taken: Vec<TicketNumber>,
) -> Result<Choice, Footprint> {
    let mut reason = Reason::NotEnoughAvailable;
    let wanted = |number| best.section.is_none_or(|section| section == number);
    for section in house.sections.iter().filter(|section| wanted(section.number)) {
        match pick(section, &ledger.free_in(house.event, section), best) {
            Ok(tickets) => {
                let keys: Vec<TicketKey> = tickets.iter().map(|t| (house.event, *t)).collect();
                ledger.not_free(&keys)?;
                return Ok(Choice::Take(tickets));
            }
            Err(Reason::NotTogether) => reason = Reason::NotTogether,
            Err(_) => {}
        }
    }
    Ok(Choice::Refuse(reason, taken))
}

/// The record of a request that holds nothing.
fn blank(request: &Reserve, house: &House) -> Reservation {
    Reservation {
        event: request.event,
        id: request.id,
        revision: 1,
        status: ReservationStatus::Rejected,
        customer: Some(request.customer.clone()),
        tickets: Vec::new(),
        prices: Vec::new(),
        currency: house.currency,
        created_at: request.accepted_at,
        expires_at: None,
        frozen: false,
        reason: None,
        conflicts: Vec::new(),
        fingerprint: request.fingerprint,
    }
}
