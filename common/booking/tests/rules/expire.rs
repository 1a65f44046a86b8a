//! Prompts to look at a hold: late, early, repeated, stray.

use booking::domain::{Reason, ReservationStatus, TicketState};
use booking::expiry::{Expiry, expire_hold};
use booking::ledger::Footprint;

use crate::world::{EVENT, HOLD_SECONDS, PAYING_SECONDS, World, id};

#[test]
fn a_hold_that_is_due_expires_and_its_tickets_are_free() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    world.wait(HOLD_SECONDS);
    assert_eq!(world.expire(1), Expiry::Expired);
    let expired = world.reservation(1);
    assert_eq!(expired.status, ReservationStatus::Expired);
    assert_eq!((expired.reason, expired.revision), (Some(Reason::Expired), 2));
    assert_eq!(world.ticket(1).state, TicketState::Available);
    assert_eq!(world.ticket(2).state, TicketState::Available);
}

#[test]
fn an_early_prompt_says_when_to_look_again() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let due_at = world.at(HOLD_SECONDS);
    world.wait(HOLD_SECONDS);
    world.now -= chrono::TimeDelta::milliseconds(1);
    assert_eq!(world.expire(1), Expiry::NotDue(due_at));
    assert_eq!(world.reservation(1).status, ReservationStatus::Held);
}

#[test]
fn a_repeated_prompt_tells_again_what_the_first_one_did() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS);
    world.expire(1);
    world.hold(2, "bob", &[1]);
    let mut footprint = Footprint::default();
    footprint.reservations.insert((EVENT, id(1)));
    let mut ledger = world.lock(&footprint);
    assert_eq!(expire_hold(&mut ledger, (EVENT, id(1))), Expiry::Over);
    let changes = ledger.changes("holds.due");
    assert_eq!(changes.outcomes.reservations, [world.reservation(1).clone()]);
    assert!(changes.tickets.is_empty() && changes.updated.is_empty(), "bob's hold stays");
}

#[test]
fn a_prompt_for_a_reservation_that_never_was_is_over() {
    assert_eq!(World::new().expire(1), Expiry::Over);
}

#[test]
fn a_prompt_for_what_is_paid_cancelled_or_refused_is_over() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.pay(1, 1);
    world.hold(2, "ada", &[2]);
    world.cancel(2);
    world.reserve(world.wish(3, "ada", &[1]));
    world.wait(HOLD_SECONDS);
    let before = world.clone();
    for number in [1, 2, 3] {
        assert_eq!(world.expire(number), Expiry::Over);
    }
    assert_eq!(world.reservations, before.reservations);
    assert_eq!(world.ticket(1).state, TicketState::Sold);
}

#[test]
fn a_payment_keeps_the_hold_for_its_time_and_no_longer() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS - 1);
    world.begin_charge(1, 1);
    let kept_until = world.at(PAYING_SECONDS);
    world.wait(1);
    assert_eq!(world.expire(1), Expiry::NotDue(kept_until));
    world.wait(PAYING_SECONDS - 1);
    assert_eq!(world.expire(1), Expiry::Expired, "though the gateway has not answered");
    assert_eq!(world.reservation(1).status, ReservationStatus::Expired);
}
