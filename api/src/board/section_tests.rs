use booking::ids::EventId;
use booking::messages::TicketChange;
use chrono::DateTime;

use super::*;

const SECTION: SectionNumber = SectionNumber(2);

fn section() -> Section {
    Section::unknown(SECTION, TicketNumber(11), 5)
}

fn read(version: i64, taken: &[(i32, TicketState, i64)]) -> SectionState {
    let taken: Vec<_> = taken
        .iter()
        .map(|(ticket, state, until)| {
            let until = (*state == TicketState::Held).then_some(*until);
            let until = until.and_then(DateTime::from_timestamp_millis);
            (TicketNumber(*ticket), *state, until)
        })
        .collect();
    let event = EventId(7);
    let available = 5 - taken.len() as i32;
    SectionState { event, number: SECTION, version, available, taken }
}

fn change(version: i64, state: TicketState, ticket: i32, until_ms: i64) -> SectionChange {
    let until = DateTime::from_timestamp_millis(until_ms);
    let until = until.filter(|_| state == TicketState::Held);
    let tickets = vec![TicketNumber(ticket)];
    SectionChange {
        event: EventId(1),
        number: SECTION,
        version,
        available: 0,
        changes: vec![TicketChange { state, until, tickets }],
    }
}

fn taken(section: &Section) -> Vec<i32> {
    section.taken().collect()
}

fn versions(steps: &[SectionStep]) -> Vec<i64> {
    steps.iter().map(|step| step.version).collect()
}

#[test]
fn changes_move_it_one_version_at_a_time() {
    let mut section = section();
    section.install(&read(3, &[(12, TicketState::Sold, 0)]), true);
    assert!(section.is_current());
    assert_eq!(versions(&section.apply(change(4, TicketState::Held, 13, 900))), [4]);
    assert_eq!(versions(&section.apply(change(5, TicketState::Available, 12, 0))), [5]);
    assert_eq!(taken(&section), [13]);
    assert_eq!(section.apply(change(5, TicketState::Sold, 14, 0)), [], "known already");
    assert_eq!(taken(&section), [13]);
}

#[test]
fn what_comes_too_early_waits_for_what_is_missing() {
    let mut section = section();
    section.install(&read(3, &[]), true);
    assert_eq!(section.apply(change(6, TicketState::Held, 13, 9)), []);
    assert_eq!(section.apply(change(5, TicketState::Held, 12, 9)), []);
    assert!(!section.is_current());
    assert_eq!(versions(&section.apply(change(4, TicketState::Held, 11, 9))), [4, 5, 6]);
    assert!(section.is_current());
    assert_eq!(taken(&section), [11, 12, 13]);
}

#[test]
fn a_gap_is_closed_by_reading_and_told_as_one_step() {
    let mut section = section();
    section.install(&read(3, &[(11, TicketState::Held, 50)]), true);
    section.apply(change(7, TicketState::Sold, 15, 0));
    assert!(!section.is_current());
    let steps = section.install(&read(6, &[(12, TicketState::Sold, 0)]), true);
    assert_eq!(versions(&steps), [6, 7], "the one that waited follows");
    assert_eq!(steps[0].changes.len(), 2, "11 is free again, 12 is sold");
    assert!(section.is_current());
    assert_eq!(taken(&section), [12, 15]);
}

#[test]
fn what_happened_while_it_was_first_read_is_not_lost() {
    let mut section = section();
    assert_eq!(section.apply(change(4, TicketState::Held, 11, 9)), []);
    assert_eq!(section.apply(change(5, TicketState::Held, 12, 9)), []);
    section.install(&read(3, &[]), true);
    assert!(section.is_current());
    assert_eq!(taken(&section), [11, 12]);
    let mut late = self::section();
    let only_version = SectionChange { changes: Vec::new(), ..change(9, TicketState::Held, 1, 0) };
    late.apply(only_version);
    late.install(&read(8, &[]), true);
    assert!(!late.is_current(), "version 9 was heard of, and must be read");
}

#[test]
fn a_doubt_is_settled_by_reading_even_if_nothing_changed() {
    let mut section = section();
    section.install(&read(3, &[]), true);
    section.doubt();
    assert!(!section.is_current());
    section.install(&read(3, &[]), false);
    assert!(!section.is_current(), "that was read before the doubt");
    assert_eq!(section.install(&read(3, &[]), true), []);
    assert!(section.is_current());
    section.install(&read(2, &[(11, TicketState::Sold, 0)]), true);
    assert_eq!(taken(&section), [0; 0], "an older read changes nothing");
}

#[test]
fn a_hold_that_is_over_may_be_had_and_a_sold_one_never() {
    let mut section = section();
    let states = [(11, TicketState::Held, 1_000), (12, TicketState::Sold, 0)];
    section.install(&read(1, &states), true);
    section.apply(change(2, TicketState::Blocked, 13, 0));
    let had = |ticket, by_ms| section.may_be_had(TicketNumber(ticket), by_ms);
    assert!(!had(11, 999) && had(11, 1_000));
    assert!(!had(12, i64::MAX - 2) && !had(13, i64::MAX - 2) && !had(99, 0));
    assert!(section.may_have(2, 999) && !section.may_have(3, 999));
    assert!(section.may_have(3, 1_000) && !section.may_have(4, 1_000));
}
