//! The rows to write: only what moved, in the order of its keys, each from the state that it
//! leaves.

use booking::domain::{
    ReservationStatus,
    TicketState::{Available, Held},
};
use booking::ids::{SectionNumber, TicketNumber};
use booking::ledger::{SectionMove, TicketMove};
use booking::requests::Request;

use crate::world::{EVENT, HOLD_SECONDS, World, id, numbers};

fn section(number: i32, from_version: i64, available_by: i32) -> SectionMove {
    SectionMove { event: EVENT, number: SectionNumber(number), from_version, available_by }
}

#[test]
fn a_version_rises_by_one_for_each_section_and_transaction() {
    let mut world = World::new();
    let batch =
        [world.wish(2, "ada", &[1]), world.wish(1, "bob", &[2, 11]), world.wish(3, "eve", &[3])];
    let changes = world.commit(&batch.map(Request::Reserve));
    assert_eq!(changes.sections, [section(1, 40, -3), section(2, 40, -1)]);
    let changes = world.commit(&[world.cancelling(2), world.cancelling(3)]);
    assert_eq!(changes.sections, [section(1, 41, 2)], "section 2 has not changed");
}

#[test]
fn a_hold_a_sale_and_a_release_move_the_count_of_available_tickets() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2]);
    assert_eq!(world.sections[&(EVENT, SectionNumber(1))].available, 8);
    world.pay(1, 1);
    assert_eq!(world.sections[&(EVENT, SectionNumber(1))].available, 8, "sold is as taken as held");
    world.hold(2, "ada", &[3]);
    world.cancel(2);
    assert_eq!(world.sections[&(EVENT, SectionNumber(1))].available, 8);
}

#[test]
fn each_ticket_names_the_state_that_it_leaves() {
    let mut world = World::new();
    world.hold(1, "ada", &[2]);
    let batch = [Request::Reserve(world.wish(2, "bob", &[1])), world.cancelling(1)];
    let changes = world.commit(&batch);
    let moved = |number, from, to, reservation, expires_at| TicketMove {
        event: EVENT,
        number: TicketNumber(number),
        from,
        to,
        reservation,
        expires_at,
    };
    let held = moved(1, Available, Held, Some(id(2)), Some(world.at(HOLD_SECONDS)));
    assert_eq!(changes.tickets, [held, moved(2, Held, Available, None, None)]);
}

#[test]
fn a_takeover_moves_a_ticket_from_held_to_held_and_its_section_by_what_comes_free() {
    let mut world = World::new();
    world.hold(1, "ada", &[1, 2, 3]);
    world.wait(HOLD_SECONDS);
    let changes = world.commit(&[Request::Reserve(world.wish(2, "bob", &[2]))]);
    let moves: Vec<_> = changes.tickets.iter().map(|t| (t.number.0, t.from, t.to)).collect();
    assert_eq!(moves, [(1, Held, Available), (2, Held, Held), (3, Held, Available)]);
    assert_eq!(changes.sections, [section(1, 41, 2)]);
    let updated: Vec<_> = changes.updated.iter().map(|(from, to)| (*from, to.status)).collect();
    assert_eq!(updated, [(ReservationStatus::Held, ReservationStatus::Expired)]);
    assert_eq!(changes.inserted.len(), 1);
}

#[test]
fn a_ticket_that_ends_as_it_began_is_not_written() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let again = world.wish(2, "ada", &[1]);
    let changes = world.commit(&[world.cancelling(1), Request::Reserve(again)]);
    assert_eq!(changes.tickets.len(), 1, "another holder is a change");
    assert_eq!(changes.sections, [section(1, 41, 0)]);
    let third = world.wish(3, "bob", &[2]);
    let changes = world.commit(&[Request::Reserve(third), world.cancelling(3)]);
    assert!(changes.tickets.is_empty() && changes.sections.is_empty());
}

#[test]
fn reservations_are_written_by_id_and_told_in_order_of_decision() {
    let mut world = World::new();
    for number in [6, 4] {
        world.hold(number, "ada", &[number as i32]);
    }
    let batch = [
        Request::Reserve(world.wish(9, "bob", &[9])),
        world.cancelling(6),
        Request::Reserve(world.wish(2, "bob", &[2])),
        world.cancelling(4),
    ];
    let changes = world.commit(&batch);
    let ids =
        |all: Vec<&booking::domain::Reservation>| all.iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(changes.inserted.iter().collect()), [id(2), id(9)]);
    assert_eq!(ids(changes.updated.iter().map(|(_, one)| one).collect()), [id(4), id(6)]);
    let told = ids(changes.outcomes.reservations.iter().collect());
    assert_eq!(told, [id(9), id(6), id(2), id(4)]);
}

#[test]
fn an_updated_reservation_leaves_the_state_that_the_database_has() {
    let mut world = World::new();
    world.hold(1, "ada", &[1]);
    let changes = world.commit(&[world.cancelling(1)]);
    let [(from, after)] = &changes.updated[..] else { panic!("{changes:?}") };
    assert_eq!((*from, after.status), (ReservationStatus::Held, ReservationStatus::Cancelled));
    assert_eq!(after.tickets, numbers(&[1]));
}
