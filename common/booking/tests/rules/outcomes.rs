//! What is told after a commit.

use booking::domain::TicketState;
use booking::ids::SectionNumber;
use booking::ledger::{Decision, Footprint};
use booking::messages::{SectionChange, TicketChange};
use booking::requests::{Decide, Request};

use crate::world::{HOLD_SECONDS, World, numbers};

#[test]
fn the_outcomes_name_their_queue_and_moment() {
    let mut world = World::new();
    let changes = world.commit(&[Request::Reserve(world.wish(1, "ada", &[1]))]);
    assert_eq!(changes.outcomes.queue, "requests.00");
    assert_eq!(changes.outcomes.decided_at, world.now);
    assert_eq!(changes.outcomes.reservations, [world.reservation(1).clone()]);
}

#[test]
fn tickets_that_came_into_the_same_state_are_told_together() {
    let mut world = World::new();
    world.hold(1, "ada", &[9, 10]);
    world.wait(1);
    let batch = [
        Request::Reserve(world.wish(2, "bob", &[7])),
        world.cancelling(1),
        Request::Reserve(world.wish(3, "eve", &[2, 4])),
    ];
    let changes = world.commit(&batch);
    let [section] = &changes.outcomes.sections[..] else { panic!("{:?}", changes.outcomes) };
    let held = TicketChange {
        state: TicketState::Held,
        until: Some(world.at(HOLD_SECONDS)),
        tickets: numbers(&[2, 4, 7]),
    };
    let free =
        TicketChange { state: TicketState::Available, until: None, tickets: numbers(&[9, 10]) };
    assert_eq!(section.changes, [held, free]);
    assert_eq!((section.number, section.version, section.available), (SectionNumber(1), 42, 7));
}

#[test]
fn holds_that_run_out_at_other_times_are_told_apart() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    world.wait(HOLD_SECONDS - 1);
    let mut footprint = Footprint::default();
    footprint.reservations.insert((crate::world::EVENT, crate::world::id(1)));
    world.wish(2, "bob", &[3]).footprint(&world.plan, &mut footprint);
    let pay = world.paying(1, 1);
    let reserve = world.wish(2, "bob", &[3]);
    let mut ledger = world.lock(&footprint);
    booking::payments::begin_payment(&mut ledger, None, &pay);
    assert_eq!(reserve.decide(&mut ledger), Decision::Made(()));
    let changes = ledger.changes("requests.00").outcomes.sections.remove(0).changes;
    let tickets: Vec<_> = changes.iter().map(|change| change.tickets.clone()).collect();
    assert_eq!(tickets, [numbers(&[1, 2]), numbers(&[3])]);
}

#[test]
fn a_redelivery_says_the_versions_of_the_sections_though_nothing_moved() {
    let mut world = World::new();
    let request = Request::Reserve(world.wish(1, "ada", &[1, 11]));
    world.commit(std::slice::from_ref(&request));
    world.hold(2, "bob", &[2]);
    let told = world.commit(&[request]).outcomes.sections;
    let says = |number, version, available| SectionChange {
        event: crate::world::EVENT,
        number: SectionNumber(number),
        version,
        available,
        changes: Vec::new(),
    };
    assert_eq!(told, [says(1, 42, 8), says(2, 41, 9)]);
}

#[test]
fn where_a_part_of_a_batch_came_before_the_versions_are_those_after_the_rest() {
    let mut world = World::new();
    let first = Request::Reserve(world.wish(1, "ada", &[1, 11]));
    world.commit(std::slice::from_ref(&first));
    let second = Request::Reserve(world.wish(2, "bob", &[2]));
    let told = world.commit(&[first, second]).outcomes.sections;
    let versions: Vec<_> = told.iter().map(|s| (s.version, s.available, s.changes.len())).collect();
    assert_eq!(versions, [(42, 8, 1), (41, 9, 0)]);
}

#[test]
fn a_refusal_alone_tells_no_section() {
    let mut world = World::new();
    world.block(&[1]);
    let changes = world.commit(&[Request::Reserve(world.wish(1, "ada", &[1]))]);
    assert_eq!(changes.outcomes.reservations.len(), 1);
    assert!(changes.outcomes.sections.is_empty());
}
