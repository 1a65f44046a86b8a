//! The best tickets of a kind, alone or where a wish cannot be had.

use booking::domain::{Reason, Reservation, ReservationStatus};
use booking::ids::{SectionNumber, TierNumber};
use booking::ledger::Footprint;
use booking::requests::{Best, Decide, Request, Reserve};

use crate::ask::any;
use crate::world::{EVENT, HOLD_SECONDS, World, numbers};

fn together(quantity: i32) -> Best {
    Best { together: true, ..any(quantity) }
}

fn had(reservation: &Reservation) -> Vec<i32> {
    reservation.tickets.iter().map(|ticket| ticket.0).collect()
}

#[test]
fn the_wish_is_had_where_it_is_free() {
    let mut world = World::new();
    let request = Reserve { best: Some(any(2)), ..world.wish(1, "ada", &[8, 9]) };
    assert_eq!(had(&world.reserve(request)), [8, 9]);
}

#[test]
fn the_best_is_had_where_a_part_of_the_wish_is_taken() {
    let mut world = World::new();
    world.hold(1, "bob", &[8]);
    let request = Reserve { best: Some(any(2)), ..world.wish(2, "ada", &[8, 9]) };
    let held = world.reserve(request);
    assert_eq!(had(&held), [1, 2]);
    assert_eq!((held.status, held.conflicts.len()), (ReservationStatus::Held, 0));
}

#[test]
fn where_neither_wish_nor_best_can_be_had_the_taken_tickets_are_listed() {
    let mut world = World::new();
    world.block(&[1, 2, 3, 4, 5, 6, 7, 8]);
    let seats = Best { section: Some(SectionNumber(1)), ..any(3) };
    let request = Reserve { best: Some(seats), ..world.wish(1, "ada", &[8, 9]) };
    let refused = world.reserve(request);
    assert_eq!(refused.reason, Some(Reason::NotEnoughAvailable));
    assert_eq!(refused.conflicts, numbers(&[8]));
}

#[test]
fn seats_together_are_in_one_row() {
    let mut world = World::new();
    world.block(&[1, 2, 3]);
    assert_eq!(had(&world.reserve(world.best(1, "ada", together(3)))), [6, 7, 8]);
}

#[test]
fn together_goes_to_a_later_section_before_it_gives_up() {
    let mut world = World::new();
    world.block(&[2, 4, 7, 9]);
    assert_eq!(had(&world.reserve(world.best(1, "ada", together(2)))), [11, 12]);
    let seats = Best { section: Some(SectionNumber(1)), ..together(2) };
    let refused = world.reserve(world.best(2, "ada", seats));
    assert_eq!(refused.reason, Some(Reason::NotTogether));
}

#[test]
fn together_means_nothing_where_all_stand() {
    let mut world = World::new();
    world.block(&[12, 14]);
    let standing = Best { section: Some(SectionNumber(2)), ..together(3) };
    assert_eq!(had(&world.reserve(world.best(1, "ada", standing))), [11, 13, 15]);
}

#[test]
fn a_tier_is_kept_to_in_every_section() {
    let mut world = World::new();
    let tier = |number| Best { tier: Some(TierNumber(number)), ..any(2) };
    assert_eq!(had(&world.reserve(world.best(1, "ada", tier(2)))), [6, 7]);
    assert_eq!(had(&world.reserve(world.best(2, "ada", tier(3)))), [11, 12]);
    let refused = world.reserve(world.best(3, "ada", tier(4)));
    assert_eq!(refused.reason, Some(Reason::NotEnoughAvailable));
}

#[test]
fn sections_are_tried_by_number_and_never_mixed() {
    let mut world = World::new();
    world.block(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(had(&world.reserve(world.best(1, "ada", any(3)))), [11, 12, 13]);
    assert_eq!(had(&world.reserve(world.best(2, "ada", any(2)))), [9, 10]);
}

#[test]
fn the_last_tickets_are_had_and_then_there_are_too_few() {
    let mut world = World::new();
    let standing = |quantity| Best { section: Some(SectionNumber(2)), ..any(quantity) };
    for (number, quantity) in [(1, 4), (2, 4)] {
        world.reserve(world.best(number, "ada", standing(quantity)));
    }
    let refused = world.reserve(world.best(3, "ada", standing(3)));
    assert_eq!(refused.reason, Some(Reason::NotEnoughAvailable));
    assert_eq!(had(&world.reserve(world.best(4, "ada", standing(2)))), [19, 20]);
}

#[test]
fn every_request_of_a_batch_has_its_own_best() {
    let mut world = World::new();
    let standing = Best { section: Some(SectionNumber(2)), ..any(2) };
    let batch = [1, 2, 3, 4, 5].map(|id| Request::Reserve(world.best(id, "ada", standing)));
    world.commit(&batch);
    let all: Vec<i32> = (1..=5).flat_map(|number| had(world.reservation(number))).collect();
    assert_eq!(all, (11..=20).collect::<Vec<_>>());
}

#[test]
fn what_a_wish_of_the_same_batch_takes_does_not_make_the_best_look_sold_out() {
    for wish_comes_first in [true, false] {
        let mut world = World::new();
        let standing = Best { section: Some(SectionNumber(2)), ..any(1) };
        let mut batch = [
            Request::Reserve(world.wish(1, "ada", &[11])),
            Request::Reserve(world.best(2, "bob", standing)),
        ];
        if !wish_comes_first {
            batch.reverse();
        }
        world.commit(&batch);
        assert_eq!(world.reservation(2).status, ReservationStatus::Held, "nine are free");
    }
}

#[test]
fn what_a_cancel_of_the_same_batch_frees_can_be_had() {
    let mut world = World::new();
    world.block(&[11, 12, 13, 14, 15, 16, 17, 18]);
    world.hold(1, "ada", &[19, 20]);
    let standing = Best { section: Some(SectionNumber(2)), ..any(2) };
    let batch = [world.cancelling(1), Request::Reserve(world.best(2, "bob", standing))];
    world.commit(&batch);
    assert_eq!(had(world.reservation(2)), [19, 20]);
}

#[test]
fn what_is_free_is_had_before_what_is_only_overdue() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    world.wait(HOLD_SECONDS);
    assert_eq!(had(&world.reserve(world.best(2, "bob", any(2)))), [3, 4]);
    assert_eq!(world.reservation(1).status, ReservationStatus::Held, "it was not in the way");
}

#[test]
fn overdue_holds_are_had_when_nothing_else_is_left() {
    let mut world = World::new();
    world.block(&[13, 14, 15, 16, 17, 18, 19, 20]);
    world.hold(1, "ada", &[11, 12]);
    world.wait(HOLD_SECONDS);
    let standing = Best { section: Some(SectionNumber(2)), ..any(2) };
    assert_eq!(had(&world.reserve(world.best(2, "bob", standing))), [11, 12]);
    assert_eq!(world.reservation(1).status, ReservationStatus::Expired);
}

#[test]
fn a_section_of_one_tier_is_read_only_as_far_as_its_requests_can_reach() {
    let world = World::new();
    let mut footprint = Footprint::default();
    let standing = Best { section: Some(SectionNumber(2)), ..any(2) };
    let requests = [world.wish(1, "ada", &[3, 15]), world.best(2, "bob", standing)];
    for request in requests.map(Request::Reserve) {
        request.footprint(&world.plan, &mut footprint);
    }
    let key = (EVENT, SectionNumber(2));
    let section = world.plan.section(key.1).expect("a section");
    assert_eq!(footprint.scan_limit(&key, section), 3, "two wanted, one may be gone");
}
