//! Cancels: in time, too early, too late.

use booking::domain::{Reason, Reservation, ReservationStatus, TicketState};

use crate::world::{HOLD_SECONDS, World, numbers};

/// Cancels and expects that the reservation stays as it is and is told.
fn changes_nothing(world: &mut World, number: u128) {
    let before = world.reservation(number).clone();
    let changes = world.commit(&[world.cancelling(number)]);
    assert_eq!(changes.outcomes.reservations, [before], "the outcome says what the state is");
    assert!(changes.updated.is_empty() && changes.inserted.is_empty());
    assert!(changes.tickets.is_empty() && changes.sections.is_empty());
}

#[test]
fn a_held_reservation_is_cancelled_and_its_tickets_are_free() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 11]);
    let cancelled = world.cancel(1);
    assert_eq!(cancelled.status, ReservationStatus::Cancelled);
    assert_eq!((cancelled.reason, cancelled.revision), (Some(Reason::CancelledByCustomer), 2));
    assert_eq!(cancelled.tickets, numbers(&[1, 11]), "what it had stays on record");
    for number in [1, 11] {
        assert_eq!(world.ticket(number).state, TicketState::Available);
    }
    world.hold(2, "bob", &[1, 11]);
}

#[test]
fn a_cancel_of_a_hold_that_is_due_expires_it() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS);
    let expired = world.cancel(1);
    assert_eq!(
        (expired.status, expired.reason),
        (ReservationStatus::Expired, Some(Reason::Expired))
    );
    assert_eq!(world.ticket(1).state, TicketState::Available);
}

#[test]
fn a_cancel_that_overtakes_its_request_wins() {
    let mut world = World::new();
    let request = world.wish(1, "ada", &[1]);
    let tombstone = world.cancel(1);
    assert_eq!(tombstone.status, ReservationStatus::Cancelled);
    assert_eq!((tombstone.customer, tombstone.revision), (None, 1));
    assert_eq!(tombstone.reason, Some(Reason::CancelledByCustomer));
    let decided = world.reserve(request);
    assert_eq!(decided.status, ReservationStatus::Cancelled);
    assert_eq!(world.ticket(1).state, TicketState::Available);
}

#[test]
fn a_cancel_while_it_is_being_paid_changes_nothing() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.begin_charge(1, 1);
    changes_nothing(&mut world, 1);
    assert_eq!(world.reservation(1).status, ReservationStatus::Paying);
}

#[test]
fn a_cancel_of_what_is_final_changes_nothing() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.pay(1, 1);
    world.hold(2, "ada", &[2]);
    world.cancel(2);
    world.hold(3, "ada", &[3]);
    world.reserve(world.wish(4, "ada", &[3]));
    world.wait(HOLD_SECONDS);
    world.expire(3);
    let refunded = Reservation {
        id: crate::world::id(5),
        status: ReservationStatus::Refunded,
        ..world.reservation(2).clone()
    };
    world.reservations.insert((refunded.event, refunded.id), refunded);
    for (number, status) in [
        (1, ReservationStatus::Confirmed),
        (2, ReservationStatus::Cancelled),
        (3, ReservationStatus::Expired),
        (4, ReservationStatus::Rejected),
        (5, ReservationStatus::Refunded),
    ] {
        assert_eq!(world.reservation(number).status, status);
        changes_nothing(&mut world, number);
    }
}

#[test]
fn a_request_and_its_cancel_in_one_batch_leave_no_trace_on_the_tickets() {
    let mut world = World::new();
    let request = booking::requests::Request::Reserve(world.wish(1, "ada", &[1]));
    let changes = world.commit(&[request, world.cancelling(1)]);
    assert_eq!(changes.inserted.len(), 1);
    assert_eq!(world.reservation(1).status, ReservationStatus::Cancelled);
    assert_eq!(world.reservation(1).revision, 2);
    assert!(changes.tickets.is_empty() && changes.sections.is_empty());
}

#[test]
fn after_a_payment_was_declined_the_rest_of_the_hold_can_be_cancelled() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.begin_charge(1, 1);
    world.finish_one(1, booking::payments::Charge::Declined(Reason::CardDeclined));
    assert_eq!(world.cancel(1).status, ReservationStatus::Cancelled);
}
