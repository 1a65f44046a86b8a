//! A request whose tickets can be had, and requests that come again.

use booking::domain::{Reason, Reservation, ReservationStatus, TicketState};
use booking::ids::TicketNumber;
use booking::ledger::{Decision, Footprint};
use booking::requests::{Decide, Request};

use crate::world::{HOLD_SECONDS, World, id, numbers};

#[test]
fn free_tickets_are_held_at_their_prices_until_the_hold_runs_out() {
    let mut world = World::new();
    let held = world.reserve(world.wish(1, "ada", &[5, 6]));
    assert_eq!(held.status, ReservationStatus::Held);
    assert_eq!(held.revision, 1);
    assert_eq!(held.customer.as_deref(), Some("ada"));
    assert_eq!(held.tickets, numbers(&[5, 6]));
    assert_eq!(held.prices, [5_000, 3_000]);
    assert_eq!(held.total().amount, 8_000);
    assert_eq!(held.expires_at, Some(world.at(HOLD_SECONDS)));
    assert_eq!((held.created_at, held.fingerprint), (world.now, -5));
    assert_eq!((held.reason, held.frozen, held.conflicts.len()), (None, false, 0));
    for number in [5, 6] {
        let ticket = world.ticket(number);
        assert_eq!((ticket.state, ticket.reservation), (TicketState::Held, Some(id(1))));
        assert_eq!(ticket.expires_at, Some(world.at(HOLD_SECONDS)));
    }
}

#[test]
fn tickets_of_several_sections_are_held_together() {
    let mut world = World::new();
    world.hold(1, "ada", &[10, 11]);
    assert_eq!((world.version(1), world.version(2)), (41, 41));
}

#[test]
fn a_taken_ticket_refuses_the_request_and_is_listed() {
    let mut world = World::new();
    world.hold(1, "ada", &[2, 4]);
    let refused = world.reserve(world.wish(2, "bob", &[2, 4]));
    assert_eq!(refused.status, ReservationStatus::Rejected);
    assert_eq!(refused.reason, Some(Reason::TicketsUnavailable));
    assert_eq!(refused.conflicts, numbers(&[2, 4]));
    assert_eq!((refused.expires_at, refused.revision), (None, 1));
}

#[test]
fn where_a_part_is_taken_nothing_is_held() {
    let mut world = World::new();
    world.hold(1, "ada", &[2]);
    let refused = world.reserve(world.wish(2, "bob", &[1, 2, 3]));
    assert_eq!(refused.status, ReservationStatus::Rejected);
    assert_eq!((refused.tickets, refused.conflicts), (numbers(&[]), numbers(&[2])));
    assert_eq!(world.ticket(1).state, TicketState::Available);
    assert_eq!(world.version(1), 41, "a refusal changes no ticket");
}

#[test]
fn a_blocked_ticket_is_not_free() {
    let mut world = World::new();
    world.block(&[3]);
    let refused = world.reserve(world.wish(1, "ada", &[3]));
    assert_eq!(refused.reason, Some(Reason::TicketsUnavailable));
    assert_eq!(refused.conflicts, numbers(&[3]));
    assert_eq!(world.ticket(3).state, TicketState::Blocked);
}

#[test]
fn a_sold_ticket_is_not_free_for_ever() {
    let mut world = World::new();
    world.hold(1, "ada", &[3]);
    world.pay(1, 1);
    world.wait(HOLD_SECONDS * 100);
    let refused = world.reserve(world.wish(2, "bob", &[3]));
    assert_eq!(refused.reason, Some(Reason::TicketsUnavailable));
}

#[test]
fn of_one_batch_the_first_has_the_tickets() {
    let mut world = World::new();
    let batch = [world.wish(9, "bob", &[1, 2]), world.wish(3, "ada", &[2, 3])];
    world.commit(&batch.map(Request::Reserve));
    assert_eq!(world.reservation(9).status, ReservationStatus::Held);
    assert_eq!(world.reservation(3).conflicts, numbers(&[2]));
}

#[test]
fn a_repeated_request_has_its_first_answer_and_moves_nothing() {
    let mut world = World::new();
    let request = world.wish(1, "ada", &[1, 2]);
    world.commit(&[Request::Reserve(request.clone())]);
    let first = world.reservation(1).clone();
    world.wait(60);
    let again = world.commit(&[Request::Reserve(request)]);
    assert_eq!(again.outcomes.reservations, [first]);
    assert!(again.tickets.is_empty() && again.sections.is_empty());
    assert!(again.inserted.is_empty() && again.updated.is_empty());
}

#[test]
fn a_repeated_request_that_was_refused_stays_refused_though_its_tickets_are_free_now() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let request = world.wish(2, "bob", &[1]);
    world.reserve(request.clone());
    world.cancel(1);
    let again = world.reserve(request);
    assert_eq!(again.reason, Some(Reason::TicketsUnavailable));
    assert_eq!(world.ticket(1).state, TicketState::Available);
}

#[test]
fn a_batch_that_comes_twice_is_decided_once() {
    let mut world = World::new();
    let cancel = world.cancelling(4);
    let [first, second] = [world.wish(1, "ada", &[1]), world.wish(2, "bob", &[1])];
    let batch = [Request::Reserve(first), cancel, Request::Reserve(second)];
    let told = world.commit(&batch).outcomes.reservations;
    let before = world.clone();
    let again = world.commit(&batch).outcomes.reservations;
    assert_eq!(again, told, "the lost outcomes are told again");
    assert_eq!(world.reservations, before.reservations);
    assert_eq!((world.tickets, world.sections), (before.tickets, before.sections));
}

#[test]
fn one_id_twice_in_a_batch_is_one_reservation() {
    let mut world = World::new();
    let request = Request::Reserve(world.wish(1, "ada", &[1]));
    let changes = world.commit(&[request.clone(), request]);
    assert_eq!(changes.inserted.len(), 1);
    assert_eq!(changes.outcomes.reservations.len(), 1);
}

#[test]
fn a_ticket_that_is_not_locked_must_be() {
    let world = World::new();
    let mut footprint = Footprint::default();
    footprint.sections.insert((crate::world::EVENT, booking::ids::SectionNumber(1)));
    let mut ledger = world.lock(&footprint);
    let Decision::NeedsLocks(need) = world.wish(1, "ada", &[3]).decide(&mut ledger) else {
        panic!("it was decided without the ticket's lock")
    };
    assert_eq!(need.tickets, [(crate::world::EVENT, TicketNumber(3))].into());
    assert!(ledger.reservation((crate::world::EVENT, id(1))).is_none(), "nothing was decided");
}

#[test]
fn a_request_that_we_cannot_decide_is_refused_with_what_is_surely_harmless() {
    let world = World::new();
    let mut ledger = world.lock(&Footprint::default());
    let customer = format!("a\0b\n{}", "ä".repeat(300));
    world.wish(1, &customer, &[1]).reject(&mut ledger);
    let changes = ledger.changes("requests.00");
    let [refused] = &changes.inserted[..] else { panic!("{changes:?}") };
    assert_eq!(refused.reason, Some(Reason::InternalError));
    assert_eq!(refused.status, ReservationStatus::Rejected);
    assert_eq!(refused.customer, Some(format!("ab{}", "ä".repeat(252))));
    assert!(refused.tickets.is_empty() && changes.tickets.is_empty());
}

#[test]
fn a_decided_request_is_not_refused_afterwards() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let mut footprint = Footprint::default();
    footprint.reservations.insert((crate::world::EVENT, id(1)));
    let mut ledger = world.lock(&footprint);
    world.wish(1, "ada", &[1]).reject(&mut ledger);
    let told: Vec<Reservation> = ledger.changes("requests.00").outcomes.reservations;
    assert_eq!(told, [world.reservation(1).clone()]);
}
