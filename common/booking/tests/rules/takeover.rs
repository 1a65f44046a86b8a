//! A reserve that meets a hold which is due takes it over at once, though no worker has expired it.

use booking::domain::{Reason, ReservationStatus, TicketState};
use booking::ids::{SectionNumber, TicketNumber};
use booking::ledger::{Decision, Footprint};
use booking::requests::{Decide, Request};

use crate::world::{EVENT, HOLD_SECONDS, PAYING_SECONDS, World, id, numbers};

#[test]
fn an_overdue_hold_is_expired_and_its_other_tickets_are_free() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2, 11]);
    world.wait(HOLD_SECONDS);
    world.hold(2, "bob", &[2]);
    let lost = world.reservation(1);
    assert_eq!(lost.status, ReservationStatus::Expired);
    assert_eq!((lost.reason, lost.revision), (Some(Reason::Expired), 2));
    assert_eq!(lost.tickets, numbers(&[1, 2, 11]), "what it had stays on record");
    assert_eq!(world.ticket(1).state, TicketState::Available);
    assert_eq!(world.ticket(11).state, TicketState::Available);
    assert_eq!(world.ticket(2).reservation, Some(id(2)));
}

#[test]
fn a_hold_with_a_millisecond_left_is_not_taken_over() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS);
    world.now -= chrono::TimeDelta::milliseconds(1);
    let refused = world.reserve(world.wish(2, "bob", &[1]));
    assert_eq!(refused.reason, Some(Reason::TicketsUnavailable));
    assert_eq!(world.reservation(1).status, ReservationStatus::Held);
}

#[test]
fn an_overdue_holder_that_is_not_locked_must_be_and_nothing_moves_before() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    world.wait(HOLD_SECONDS);
    let request = world.wish(2, "bob", &[2, 3]);
    let mut footprint = Footprint::default();
    footprint.sections.insert((EVENT, SectionNumber(1)));
    footprint.tickets.extend([2, 3].map(|number| (EVENT, TicketNumber(number))));
    let mut ledger = world.lock(&footprint);
    let Decision::NeedsLocks(need) = request.decide(&mut ledger) else {
        panic!("it was decided without the holder's lock")
    };
    let holder = Footprint { reservations: [(EVENT, id(1))].into(), ..Footprint::default() };
    assert_eq!(need, holder);
    assert!(ledger.changes("requests.00").outcomes.is_empty());
}

#[test]
fn several_overdue_holders_are_expired_by_one_request() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    world.hold(2, "bob", &[3, 4]);
    world.wait(HOLD_SECONDS);
    world.hold(3, "eve", &[2, 3]);
    for number in [1, 2] {
        assert_eq!(world.reservation(number).status, ReservationStatus::Expired);
    }
    assert_eq!(world.ticket(4).state, TicketState::Available);
}

#[test]
fn where_another_wished_ticket_is_taken_the_overdue_hold_is_left_alone() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS - 1);
    world.hold(2, "bob", &[2]);
    world.wait(1);
    let refused = world.reserve(world.wish(3, "eve", &[1, 2]));
    assert_eq!(refused.conflicts, numbers(&[2]));
    assert_eq!(world.reservation(1).status, ReservationStatus::Held, "it was not in the way");
}

#[test]
fn an_overdue_payment_is_taken_over_too() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS - 1);
    world.begin_charge(1, 1);
    world.wait(PAYING_SECONDS - 1);
    let early = world.reserve(world.wish(2, "bob", &[1]));
    assert_eq!(early.reason, Some(Reason::TicketsUnavailable), "frozen while it is being paid");
    world.wait(1);
    world.hold(3, "bob", &[1]);
    assert_eq!(world.reservation(1).status, ReservationStatus::Expired);
}

#[test]
fn what_one_request_of_a_batch_frees_another_can_have() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    world.wait(HOLD_SECONDS);
    let batch = [world.wish(2, "bob", &[1]), world.wish(3, "eve", &[2])];
    world.commit(&batch.map(Request::Reserve));
    assert_eq!(world.ticket(1).reservation, Some(id(2)));
    assert_eq!(world.ticket(2).reservation, Some(id(3)));
    assert_eq!(world.reservation(1).revision, 2, "it expired once");
}

#[test]
fn a_customer_may_take_over_the_own_overdue_hold() {
    let mut world = World::with_customer_limit(2);
    world.hold(1, "ada", &[1, 2]);
    world.wait(HOLD_SECONDS);
    world.hold(2, "ada", &[1, 2]);
    assert_eq!(world.tickets_of("ada"), 2);
}
