//! The gateway's answer, while the hold is there.

use booking::domain::{Payment, PaymentStatus, Reason, ReservationStatus, TicketState};
use booking::ledger::{Decision, Footprint};
use booking::payments::{Begun, Charge, Finished, begin_payment, finish_payment};
use testbed::requests::payment_id;

use crate::world::{HOLD_SECONDS, PAYING_SECONDS, World, id};

const DECLINED: Charge = Charge::Declined(Reason::CardDeclined);
const FAILED: Charge = Charge::Failed(Reason::ProcessingError);

fn done(finished: Finished) -> Payment {
    match finished {
        Finished::Done(payment) => payment,
        Finished::Refund(payment) => panic!("{payment:?} is to be given back"),
    }
}

/// A world where payment 1 of reservation 1 (tickets 1 and 2) was begun a second before its hold
/// ran out.
fn paying() -> World {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    world.wait(HOLD_SECONDS - 1);
    world.begin_charge(1, 1);
    world
}

#[test]
fn a_captured_charge_confirms_and_sells() {
    let mut world = paying();
    let payment = done(world.finish_one(1, Charge::Captured));
    assert_eq!((payment.status, payment.reason), (PaymentStatus::Succeeded, None));
    let reservation = world.reservation(1);
    assert_eq!((reservation.status, reservation.revision), (ReservationStatus::Confirmed, 3));
    assert_eq!((reservation.expires_at, reservation.reason), (None, None));
    for number in [1, 2] {
        let ticket = world.ticket(number);
        assert_eq!((ticket.state, ticket.reservation), (TicketState::Sold, Some(id(1))));
        assert_eq!(ticket.expires_at, None);
    }
}

#[test]
fn a_captured_charge_confirms_an_overdue_payment_that_nobody_has_expired() {
    let mut world = paying();
    world.wait(PAYING_SECONDS * 10);
    done(world.finish_one(1, Charge::Captured));
    assert_eq!(world.reservation(1).status, ReservationStatus::Confirmed);
}

#[test]
fn after_a_refusal_in_time_the_hold_goes_on() {
    for (charge, status, reason) in [
        (DECLINED, PaymentStatus::Declined, Reason::CardDeclined),
        (FAILED, PaymentStatus::Failed, Reason::ProcessingError),
    ] {
        let mut world = paying();
        let until = world.reservation(1).expires_at;
        world.wait(PAYING_SECONDS - 1);
        let payment = done(world.finish_one(1, charge));
        assert_eq!((payment.status, payment.reason), (status, Some(reason)));
        let reservation = world.reservation(1);
        assert_eq!((reservation.status, reservation.revision), (ReservationStatus::Held, 3));
        assert_eq!(reservation.expires_at, until);
        assert_eq!(world.ticket(1).state, TicketState::Held);
    }
}

#[test]
fn after_a_refusal_that_came_when_the_hold_was_due_it_is_expired() {
    for charge in [DECLINED, FAILED] {
        let mut world = paying();
        world.wait(PAYING_SECONDS);
        let payment = done(world.finish_one(1, charge));
        assert!(payment.status.is_final());
        let reservation = world.reservation(1);
        assert_eq!(reservation.status, ReservationStatus::Expired);
        assert_eq!(reservation.reason, Some(Reason::Expired));
        assert_eq!(world.ticket(1).state, TicketState::Available);
    }
}

#[test]
fn a_refusal_after_the_hold_was_lost_leaves_the_new_holder_alone() {
    let mut world = paying();
    world.wait(PAYING_SECONDS);
    world.hold(2, "bob", &[1]);
    let payment = done(world.finish_one(1, DECLINED));
    assert_eq!(payment.status, PaymentStatus::Declined);
    assert_eq!(world.reservation(1).status, ReservationStatus::Expired);
    assert_eq!(world.ticket(1).reservation, Some(id(2)));
}

#[test]
fn after_a_refusal_another_card_can_pay() {
    let mut world = paying();
    world.finish_one(1, DECLINED);
    world.pay(2, 1);
    assert_eq!(world.reservation(1).status, ReservationStatus::Confirmed);
    assert_eq!(world.payments[&payment_id(1)].status, PaymentStatus::Declined);
}

#[test]
fn an_answer_that_comes_twice_is_recorded_once() {
    let mut world = paying();
    let first = done(world.finish_one(1, Charge::Captured));
    let before = world.clone();
    for charge in [Charge::Captured, DECLINED] {
        assert_eq!(done(world.finish_one(1, charge)), first, "the first word stands");
    }
    assert_eq!(world.reservations, before.reservations);
    assert_eq!(world.tickets, before.tickets);
}

#[test]
fn an_answer_that_comes_twice_tells_the_reservation_again() {
    let mut world = paying();
    let payment = done(world.finish_one(1, Charge::Captured));
    let mut footprint = Footprint::default();
    footprint.reservations.insert((payment.event, payment.reservation));
    let mut ledger = world.lock(&footprint);
    let finished = finish_payment(&mut ledger, &payment, Charge::Captured);
    assert_eq!(finished, Decision::Made(Finished::Done(payment)));
    let told = ledger.changes("payments.00").outcomes.reservations;
    assert_eq!(told, [world.reservation(1).clone()]);
}

#[test]
fn several_payments_are_finished_together() {
    let mut world = World::new();
    for (number, ticket) in [(1, 1), (2, 2), (3, 3)] {
        world.hold(number, "ada", &[ticket]);
        world.begin_charge(number, number);
    }
    world.finish(&[(1, Charge::Captured), (2, DECLINED), (3, Charge::Captured)]);
    let statuses = [1, 2, 3].map(|number| world.reservation(number).status);
    let confirmed = ReservationStatus::Confirmed;
    assert_eq!(statuses, [confirmed, ReservationStatus::Held, confirmed]);
}

#[test]
fn a_final_payment_whose_reservation_is_not_there_is_told_alone() {
    let world = World::new();
    let request = world.paying(1, 99);
    let mut ledger = world.lock(&Footprint::default());
    let begun = begin_payment(&mut ledger, None, &request);
    let Begun::Over(payment) = begun else { panic!("{begun:?}") };
    let finished = finish_payment(&mut ledger, &payment, DECLINED);
    assert_eq!(finished, Decision::Made(Finished::Done(payment)));
    assert!(ledger.changes("payments.00").outcomes.is_empty());
}
