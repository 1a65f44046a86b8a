//! How many tickets a customer may have for an event.

use booking::domain::{Reason, ReservationStatus};
use booking::ids::{SectionNumber, TicketNumber};
use booking::ledger::{Decision, Footprint};
use booking::requests::{Decide, Request};

use crate::world::{CUSTOMERS, EVENT, HOLD_SECONDS, World};

fn statuses<const N: usize>(world: &World, numbers: [u128; N]) -> [Option<Reason>; N] {
    numbers.map(|number| world.reservation(number).reason)
}

#[test]
fn a_customer_may_have_as_many_tickets_as_the_limit_and_no_more() {
    let mut world = World::with_customer_limit(4);
    world.hold(1, "ada", &[1, 2, 3]);
    let over = world.reserve(world.wish(2, "ada", &[4, 5]));
    assert_eq!(over.reason, Some(Reason::CustomerLimit));
    world.hold(3, "ada", &[4]);
    world.hold(4, "bob", &[6, 7, 8, 9]);
}

#[test]
fn within_a_batch_each_request_counts_those_before_it() {
    let mut world = World::with_customer_limit(3);
    let batch = [(1, "ada", 1), (2, "ada", 2), (3, "bob", 3), (4, "ada", 4), (5, "ada", 5)];
    let batch = batch.map(|(id, who, ticket)| Request::Reserve(world.wish(id, who, &[ticket])));
    world.commit(&batch);
    let reasons = statuses(&world, [1, 2, 3, 4, 5]);
    assert_eq!(reasons, [None, None, None, None, Some(Reason::CustomerLimit)]);
}

#[test]
fn a_refused_request_counts_for_nothing() {
    let mut world = World::with_customer_limit(2);
    world.hold(9, "bob", &[1]);
    let [taken, free] = [world.wish(1, "ada", &[1, 2]), world.wish(2, "ada", &[2, 3])];
    world.commit(&[Request::Reserve(taken), Request::Reserve(free)]);
    assert_eq!(statuses(&world, [1, 2]), [Some(Reason::TicketsUnavailable), None]);
}

#[test]
fn a_cancel_in_the_same_batch_makes_room() {
    let mut world = World::with_customer_limit(2);
    world.hold(1, "ada", &[1, 2]);
    let [before, after] = [world.wish(2, "ada", &[3]), world.wish(3, "ada", &[1, 4])];
    let batch = [Request::Reserve(before), world.cancelling(1), Request::Reserve(after)];
    world.commit(&batch);
    assert_eq!(statuses(&world, [2, 3]), [Some(Reason::CustomerLimit), None]);
    assert_eq!(world.tickets_of("ada"), 2);
}

#[test]
fn a_cancel_of_what_the_same_batch_held_makes_room() {
    let mut world = World::with_customer_limit(2);
    let [first, second] = [world.wish(1, "ada", &[1, 2]), world.wish(2, "ada", &[3, 4])];
    let batch = [Request::Reserve(first), world.cancelling(1), Request::Reserve(second)];
    world.commit(&batch);
    assert_eq!(world.reservation(2).status, ReservationStatus::Held);
}

#[test]
fn paid_tickets_count_and_overdue_holds_do_not() {
    let mut world = World::with_customer_limit(2);
    world.hold(1, "ada", &[1]);
    world.pay(1, 1);
    world.hold(2, "ada", &[2]);
    let over = world.reserve(world.wish(3, "ada", &[3]));
    assert_eq!(over.reason, Some(Reason::CustomerLimit));
    world.wait(HOLD_SECONDS);
    world.hold(4, "ada", &[3]);
    let over = world.reserve(world.wish(5, "ada", &[4]));
    assert_eq!(over.reason, Some(Reason::CustomerLimit), "what is paid counts for ever");
}

#[test]
fn a_customer_who_is_not_locked_must_be() {
    let world = World::with_customer_limit(2);
    let mut footprint = Footprint::default();
    footprint.sections.insert((EVENT, SectionNumber(1)));
    footprint.tickets.insert((EVENT, TicketNumber(1)));
    let mut ledger = world.lock(&footprint);
    let Decision::NeedsLocks(need) = world.wish(1, CUSTOMERS[0], &[1]).decide(&mut ledger) else {
        panic!("it was decided without the customer's lock")
    };
    assert_eq!(need.customers, [(EVENT, CUSTOMERS[0].to_owned())].into());
}

#[test]
fn a_limit_that_came_after_the_plan_was_read_is_kept_to() {
    let mut world = World::with_customer_limit(1);
    world.plan.limits_customers = false;
    let over = world.reserve(world.wish(1, "ada", &[1, 2]));
    assert_eq!(over.reason, Some(Reason::CustomerLimit));
    world.hold(2, "ada", &[1]);
}
