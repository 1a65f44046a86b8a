//! Beginning a payment: the freeze, and what is refused.

use booking::domain::{
    CardBehaviour, Payment, PaymentStatus, Reason, Reservation, ReservationStatus,
};
use booking::ledger::Footprint;
use booking::payments::{Begun, Charge, Pay, begin_payment};
use testbed::requests::payment_id;

use crate::world::{HOLD_SECONDS, PAYING_SECONDS, World};

/// Begins a payment that must be refused.
fn refusal(world: &mut World, payment: u128, reservation: u128) -> Option<Reason> {
    match world.begin(&world.paying(payment, reservation)) {
        Begun::Over(payment) => {
            assert_eq!(payment.status, PaymentStatus::Failed);
            payment.reason
        }
        Begun::Charge(payment) => panic!("{payment:?} goes to the gateway"),
    }
}

#[test]
fn the_price_of_the_hold_is_charged_whatever_the_tickets_cost_by_now() {
    let mut world = World::new();
    world.hold(1, "ada", &[5, 6]);
    world.tickets.values_mut().for_each(|ticket| ticket.price += 1_000);
    let payment = world.begin_charge(1, 1);
    assert_eq!((payment.id, payment.status), (payment_id(1), PaymentStatus::Processing));
    assert_eq!((payment.amount, payment.currency.as_str()), (8_000, "EUR"));
    assert_eq!((payment.reason, payment.refund_due), (None, false));
    assert_eq!((payment.card, payment.card_last4.as_str()), (CardBehaviour::Succeeds, "4242"));
    assert_eq!((payment.created_at, payment.fingerprint), (world.now, 6));
    let reservation = world.reservation(1);
    assert_eq!((reservation.status, reservation.revision), (ReservationStatus::Paying, 2));
    assert!(reservation.frozen);
}

#[test]
fn a_short_rest_is_prolonged_with_its_tickets() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 11]);
    world.wait(HOLD_SECONDS - 5);
    world.begin_charge(1, 1);
    assert_eq!(world.reservation(1).expires_at, Some(world.at(PAYING_SECONDS)));
    for number in [1, 11] {
        assert_eq!(world.ticket(number).expires_at, Some(world.at(PAYING_SECONDS)));
    }
}

#[test]
fn a_long_rest_is_not_shortened_and_its_tickets_do_not_move() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let until = Some(world.at(HOLD_SECONDS));
    world.wait(HOLD_SECONDS - PAYING_SECONDS);
    let version = world.version(1);
    world.begin_charge(1, 1);
    assert_eq!(world.reservation(1).expires_at, until);
    assert_eq!((world.ticket(1).expires_at, world.version(1)), (until, version));
}

#[test]
fn a_hold_is_prolonged_once_and_later_payments_have_what_is_left() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS - 1);
    let cap = Some(world.at(PAYING_SECONDS));
    for payment in 1..=5 {
        world.begin_charge(payment, 1);
        assert_eq!(world.reservation(1).expires_at, cap);
        world.wait(2);
        world.finish_one(payment, Charge::Declined(Reason::CardDeclined));
        assert_eq!(world.reservation(1).expires_at, cap);
    }
    assert_eq!(world.reservation(1).revision, 11);
}

#[test]
fn a_second_payment_is_refused_while_the_first_is_under_way() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.begin_charge(1, 1);
    let before = world.reservation(1).clone();
    assert_eq!(refusal(&mut world, 2, 1), Some(Reason::PaymentInProgress));
    assert_eq!(*world.reservation(1), before);
}

#[test]
fn a_redelivered_payment_is_resumed_as_it_was_begun() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let request = world.paying(1, 1);
    let first = world.begin(&request);
    assert!(matches!(first, Begun::Charge(_)));
    let before = world.reservation(1).clone();
    world.wait(600);
    assert_eq!(world.begin(&request), first, "however late: the card may have been charged");
    assert_eq!(*world.reservation(1), before);
}

#[test]
fn a_redelivered_payment_that_is_over_is_told_again() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let request = world.paying(1, 1);
    world.begin(&request);
    world.finish_one(1, Charge::Declined(Reason::InsufficientFunds));
    let mut footprint = Footprint::default();
    footprint.reservations.insert((request.event, request.reservation));
    let stored = world.payments[&request.id].clone();
    let mut ledger = world.lock(&footprint);
    assert_eq!(begin_payment(&mut ledger, Some(&stored), &request), Begun::Over(stored));
    let told = ledger.changes("payments.00").outcomes.reservations;
    assert_eq!(told, [world.reservation(1).clone()]);
}

#[test]
fn a_hold_that_is_due_expires_instead() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.wait(HOLD_SECONDS);
    assert_eq!(refusal(&mut world, 1, 1), Some(Reason::Expired));
    assert_eq!(world.reservation(1).status, ReservationStatus::Expired);
}

#[test]
fn only_what_is_held_can_be_paid() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    world.pay(1, 1);
    world.hold(2, "ada", &[2]);
    world.cancel(2);
    world.hold(3, "ada", &[3]);
    world.reserve(world.wish(4, "ada", &[1]));
    world.wait(HOLD_SECONDS);
    world.expire(3);
    let refunded = Reservation {
        id: crate::world::id(5),
        status: ReservationStatus::Refunded,
        ..world.reservation(2).clone()
    };
    world.reservations.insert((refunded.event, refunded.id), refunded);
    let before = world.reservations.clone();
    for (number, reason) in [
        (1, Reason::AlreadyConfirmed),
        (2, Reason::NotHeld),
        (3, Reason::Expired),
        (4, Reason::NotHeld),
        (5, Reason::NotHeld),
    ] {
        assert_eq!(refusal(&mut world, 10 + number, number), Some(reason), "{number}");
    }
    assert_eq!(world.reservations, before);
}

#[test]
fn a_payment_of_nothing_is_refused() {
    let mut world = World::new();
    assert_eq!(refusal(&mut world, 1, 99), Some(Reason::NotHeld));
    let payment: &Payment = &world.payments[&payment_id(1)];
    assert_eq!((payment.amount, payment.currency.as_str()), (0, "EUR"));
}

#[test]
fn a_payment_that_waited_longer_than_its_patience_is_refused_and_the_hold_goes_on() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let request = world.paying(1, 1);
    let patient = Pay { id: payment_id(2), patience_ms: 30_001, ..request.clone() };
    world.wait(30);
    world.now += chrono::TimeDelta::milliseconds(1);
    let begun = world.begin(&request);
    let Begun::Over(payment) = begun else { panic!("{begun:?}") };
    assert_eq!((payment.status, payment.reason), (PaymentStatus::Failed, Some(Reason::TooLate)));
    assert_eq!(world.reservation(1).status, ReservationStatus::Held);
    assert!(matches!(world.begin(&patient), Begun::Charge(_)));
}
