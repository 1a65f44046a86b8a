//! Requests that are refused whatever is free.

use booking::domain::{Reason, TicketState};
use booking::ids::SectionNumber;
use booking::requests::{Best, Reserve};
use chrono::TimeDelta;

use crate::ask::any;
use crate::world::World;

fn refusal(world: &mut World, request: Reserve) -> Option<Reason> {
    let before = world.tickets.clone();
    let decided = world.reserve(request);
    assert!(decided.reason.is_none() || world.tickets == before, "a refusal holds nothing");
    decided.reason
}

#[test]
fn a_ticket_that_the_plan_does_not_have_is_unknown() {
    for tickets in [&[21][..], &[0], &[-4], &[i32::MAX], &[1, 21]] {
        let mut world = World::new();
        let request = world.wish(1, "ada", tickets);
        assert_eq!(refusal(&mut world, request), Some(Reason::UnknownTicket), "{tickets:?}");
        assert_eq!(world.ticket(1).state, TicketState::Available);
    }
}

#[test]
fn a_section_that_the_plan_does_not_have_is_unknown() {
    let mut world = World::new();
    let elsewhere = Best { section: Some(SectionNumber(3)), ..any(1) };
    let request = world.best(1, "ada", elsewhere);
    assert_eq!(refusal(&mut world, request), Some(Reason::UnknownTicket));
}

#[test]
fn a_request_for_nothing_is_refused() {
    let mut world = World::new();
    for (number, quantity) in [(1, 0), (2, -3)] {
        let request = world.best(number, "ada", any(quantity));
        assert_eq!(refusal(&mut world, request), Some(Reason::UnknownTicket));
    }
    let request = world.wish(3, "ada", &[]);
    assert_eq!(refusal(&mut world, request), Some(Reason::UnknownTicket));
}

#[test]
fn nothing_is_held_before_the_sale_begins_and_from_that_moment_on_it_is() {
    let mut world = World::new();
    world.terms.on_sale_at = world.now + TimeDelta::seconds(10);
    let early = world.wish(1, "ada", &[1]);
    assert_eq!(refusal(&mut world, early), Some(Reason::NotOnSale));
    world.wait(10);
    let in_time = world.wish(2, "ada", &[1]);
    assert_eq!(refusal(&mut world, in_time), None);
}

#[test]
fn nothing_is_held_while_the_sale_is_paused() {
    let mut world = World::new();
    world.terms.open = false;
    let request = world.wish(1, "ada", &[1]);
    assert_eq!(refusal(&mut world, request), Some(Reason::SalePaused));
}

#[test]
fn nothing_is_held_once_the_sale_is_closed_or_the_event_begins() {
    let mut closed = World::new();
    (closed.terms.open, closed.terms.closed) = (false, true);
    let request = closed.wish(1, "ada", &[1]);
    assert_eq!(refusal(&mut closed, request), Some(Reason::SaleClosed));

    let mut begun = World::new();
    begun.now = begun.terms.starts_at - TimeDelta::milliseconds(1);
    let last = begun.wish(1, "ada", &[1]);
    assert_eq!(refusal(&mut begun, last), None, "the sale lasts until the event begins");
    begun.now = begun.terms.starts_at;
    let late = begun.wish(2, "ada", &[2]);
    assert_eq!(refusal(&mut begun, late), Some(Reason::SaleClosed));
}

#[test]
fn a_request_that_waited_longer_than_its_patience_holds_nothing() {
    let mut world = World::new();
    let patient = world.wish(1, "ada", &[1]);
    let impatient = Reserve { patience_ms: 29_999, ..world.wish(2, "ada", &[2]) };
    world.wait(30);
    assert_eq!(refusal(&mut world, impatient), Some(Reason::TooLate));
    assert_eq!(refusal(&mut world, patient), None, "as long as its patience is not too long");
}

#[test]
fn a_front_door_whose_clock_is_ahead_does_not_make_its_requests_late() {
    let mut world = World::new();
    let ahead = world.now + TimeDelta::minutes(5);
    let request = Reserve { accepted_at: ahead, patience_ms: 1, ..world.wish(1, "ada", &[1]) };
    assert_eq!(refusal(&mut world, request), None);
}

#[test]
fn more_tickets_than_a_reservation_may_have_are_refused() {
    let mut world = World::new();
    let most = world.wish(1, "ada", &[1, 2, 3, 4]);
    assert_eq!(refusal(&mut world, most), None);
    let more = world.wish(2, "ada", &[5, 6, 7, 8, 9]);
    assert_eq!(refusal(&mut world, more), Some(Reason::TooManyTickets));
    let best = world.best(3, "ada", any(5));
    assert_eq!(refusal(&mut world, best), Some(Reason::TooManyTickets));
}

#[test]
fn the_larger_of_the_wish_and_the_best_is_what_is_limited() {
    let mut world = World::new();
    let request = Reserve { best: Some(any(5)), ..world.wish(1, "ada", &[1]) };
    assert_eq!(refusal(&mut world, request), Some(Reason::TooManyTickets));
}
