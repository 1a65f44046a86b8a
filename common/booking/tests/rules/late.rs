//! A charge that lands after its hold was lost: the same tickets again, or the money back.

use booking::domain::{Payment, PaymentStatus, Reason, ReservationStatus, TicketState};
use booking::ledger::{Decision, Footprint};
use booking::payments::{Charge, Finished, finish_payment};
use testbed::requests::payment_id;

use crate::world::{EVENT, HOLD_SECONDS, PAYING_SECONDS, World, id};

fn refund(finished: Finished) -> Payment {
    match finished {
        Finished::Refund(payment) => payment,
        Finished::Done(payment) => panic!("{payment:?} is done"),
    }
}

/// Payment 1 of reservation 1 (ada, tickets 1 and 2) was begun, and its hold ran out.
fn lost(mut world: World) -> World {
    world.hold(1, "ada", &[1, 2]);
    world.begin_charge(1, 1);
    world.wait(HOLD_SECONDS);
    world.expire(1);
    assert_eq!(world.reservation(1).status, ReservationStatus::Expired);
    world
}

#[test]
fn the_same_tickets_are_had_again_where_they_are_free() {
    let mut world = lost(World::new());
    let finished = world.finish_one(1, Charge::Captured);
    assert!(matches!(finished, Finished::Done(_)), "{finished:?}");
    let reservation = world.reservation(1);
    assert_eq!((reservation.status, reservation.revision), (ReservationStatus::Confirmed, 4));
    assert_eq!((reservation.reason, reservation.expires_at), (None, None));
    assert_eq!(world.ticket(1).state, TicketState::Sold);
    assert_eq!(world.ticket(2).state, TicketState::Sold);
}

#[test]
fn the_money_goes_back_where_one_of_them_is_taken() {
    let mut world = lost(World::new());
    world.hold(2, "bob", &[2]);
    let payment = refund(world.finish_one(1, Charge::Captured));
    assert_eq!((payment.status, payment.refund_due), (PaymentStatus::Processing, true));
    assert_eq!(payment.reason, Some(Reason::HoldLost));
    assert_eq!(world.reservation(1).status, ReservationStatus::Expired);
    assert_eq!(world.ticket(1).state, TicketState::Available, "half of it is not sold");
    assert_eq!(world.ticket(2).reservation, Some(id(2)));
    world.refunded(1);
    let refunded = &world.payments[&payment_id(1)];
    assert_eq!((refunded.status, refunded.refund_due), (PaymentStatus::Refunded, false));
    assert_eq!(refunded.reason, Some(Reason::HoldLost));
}

#[test]
fn a_refund_that_is_due_is_resumed_though_the_tickets_are_free_by_now() {
    let mut world = lost(World::new());
    world.hold(2, "bob", &[2]);
    let first = refund(world.finish_one(1, Charge::Captured));
    world.cancel(2);
    assert_eq!(refund(world.finish_one(1, Charge::Captured)), first, "decided is decided");
    assert_eq!(world.ticket(2).state, TicketState::Available);
}

#[test]
fn a_payment_that_was_refunded_is_over() {
    let mut world = lost(World::new());
    world.hold(2, "bob", &[2]);
    world.finish_one(1, Charge::Captured);
    world.refunded(1);
    let again = world.finish_one(1, Charge::Captured);
    assert_eq!(again, Finished::Done(world.payments[&payment_id(1)].clone()));
}

#[test]
fn the_money_goes_back_where_the_organiser_has_blocked_one_of_them() {
    let mut world = lost(World::new());
    world.block(&[1]);
    refund(world.finish_one(1, Charge::Captured));
}

#[test]
fn an_overdue_holder_in_the_way_gives_way() {
    let mut world = lost(World::new());
    world.hold(2, "bob", &[2, 3]);
    world.wait(HOLD_SECONDS);
    world.finish_one(1, Charge::Captured);
    assert_eq!(world.reservation(1).status, ReservationStatus::Confirmed);
    assert_eq!(world.reservation(2).status, ReservationStatus::Expired);
    assert_eq!(world.ticket(3).state, TicketState::Available);
}

#[test]
fn an_overdue_holder_in_the_way_that_is_not_locked_must_be() {
    let mut world = lost(World::new());
    world.hold(2, "bob", &[2, 3]);
    world.wait(HOLD_SECONDS);
    let mut footprint = Footprint::default();
    footprint.reservations.insert((EVENT, id(1)));
    let mut ledger = world.lock(&footprint);
    let payment = &world.payments[&payment_id(1)];
    let finished = finish_payment(&mut ledger, payment, Charge::Captured);
    let Decision::NeedsLocks(need) = finished else { panic!("{finished:?}") };
    assert_eq!(need.reservations, [(EVENT, id(2))].into());
}

#[test]
fn the_money_goes_back_where_the_customer_has_as_many_tickets_by_now() {
    let mut world = lost(World::with_customer_limit(3));
    world.hold(2, "ada", &[5, 6]);
    refund(world.finish_one(1, Charge::Captured));
    assert_eq!(world.tickets_of("ada"), 2);
}

#[test]
fn the_same_tickets_are_had_again_where_the_customer_has_room() {
    let mut world = lost(World::with_customer_limit(3));
    world.hold(2, "ada", &[5]);
    world.finish_one(1, Charge::Captured);
    assert_eq!(world.reservation(1).status, ReservationStatus::Confirmed);
    assert_eq!(world.tickets_of("ada"), 3);
}

#[test]
fn two_late_charges_of_one_customer_do_not_exceed_the_limit_together() {
    let mut world = lost(World::with_customer_limit(3));
    world.hold(2, "ada", &[5, 6]);
    world.begin_charge(2, 2);
    world.wait(HOLD_SECONDS + PAYING_SECONDS);
    world.expire(2);
    let finished = world.finish(&[(1, Charge::Captured), (2, Charge::Captured)]);
    assert!(matches!(finished[0], Finished::Done(_)), "{finished:?}");
    assert!(matches!(finished[1], Finished::Refund(_)), "{finished:?}");
}

#[test]
fn a_late_charge_of_what_was_taken_over_is_refunded_and_bobs_stays_sold() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.begin_charge(1, 1);
    world.wait(HOLD_SECONDS);
    world.hold(2, "bob", &[1]);
    world.pay(2, 2);
    refund(world.finish_one(1, Charge::Captured));
    assert_eq!(world.ticket(1).reservation, Some(id(2)));
    assert_eq!(world.ticket(1).state, TicketState::Sold);
}
