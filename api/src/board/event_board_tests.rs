use booking::domain::TicketState;
use booking::messages::TicketChange;
use futures::FutureExt;
use tokio::sync::broadcast::error::TryRecvError;

use super::*;
use crate::reads::sample::entry;

/// Section 1 has tickets 1 to 10, section 2 has 11 to 20.
fn board(taken: &[(i32, TicketState)]) -> EventBoard {
    let board = EventBoard::new(&entry(), "me");
    let later = now() + TimeDelta::minutes(2);
    let read = [1, 2].map(|number| {
        let inside = |ticket: &i32| (ticket - 1) / 10 + 1 == number;
        let taken: Vec<_> = taken
            .iter()
            .filter(|(ticket, _)| inside(ticket))
            .map(|(ticket, state)| {
                let until = (*state == TicketState::Held).then_some(later);
                (TicketNumber(*ticket), *state, until)
            })
            .collect();
        let available = 10 - taken.len() as i32;
        let event = EventId(7);
        let number = SectionNumber(number);
        Arc::new(SectionState { event, number, version: 5, available, taken })
    });
    board.install(&read, 0);
    board
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn held(version: i64, ticket: i32) -> SectionChange {
    let tickets = vec![TicketNumber(ticket)];
    SectionChange {
        event: EventId(7),
        number: SectionNumber(1),
        version,
        available: 1,
        changes: vec![TicketChange { state: TicketState::Held, until: None, tickets }],
    }
}

fn refused(
    board: &EventBoard,
    tickets: &[i32],
    best: Option<(i32, Option<i32>)>,
) -> Option<Reason> {
    let plan = entry().plan;
    let section_of = |ticket| plan.section_of(ticket).map(|section| section.number);
    let tickets: Vec<_> = tickets.iter().copied().map(TicketNumber).collect();
    let best = best.map(|(quantity, section)| Best {
        quantity,
        section: section.map(SectionNumber),
        tier: None,
        together: false,
    });
    board.find_refusal(section_of, &tickets, best.as_ref(), now()).map(|(reason, _)| reason)
}

#[test]
fn a_wish_is_refused_when_one_of_its_tickets_is_taken_for_sure() {
    let board = board(&[(3, TicketState::Held), (4, TicketState::Sold)]);
    assert_eq!(refused(&board, &[1, 2], None), None);
    assert_eq!(refused(&board, &[2, 3], None), Some(Reason::TicketsUnavailable));
    assert_eq!(refused(&board, &[2, 3], Some((2, None))), None, "others may do");
    board.apply(held(7, 1));
    assert_eq!(refused(&board, &[2, 3], None), None, "a step is missing: nothing is sure");
    board.apply(held(6, 2));
    assert_eq!(refused(&board, &[3], None), Some(Reason::TicketsUnavailable));
    board.doubt();
    assert_eq!(refused(&board, &[3], None), None);
}

#[test]
fn the_best_is_refused_only_when_no_section_has_enough() {
    let sold: Vec<_> = (1..=9).map(|ticket| (ticket, TicketState::Sold)).collect();
    let board = board(&sold);
    assert_eq!(refused(&board, &[], Some((2, Some(1)))), Some(Reason::NotEnoughAvailable));
    assert_eq!(refused(&board, &[], Some((1, Some(1)))), None);
    assert_eq!(refused(&board, &[], Some((2, None))), None, "section 2 has enough");
    assert_eq!(refused(&board, &[1], Some((2, Some(1)))), Some(Reason::NotEnoughAvailable));
}

#[test]
fn a_hold_that_is_nearly_over_refuses_nobody() {
    let board = board(&[(3, TicketState::Held)]);
    let plan = entry().plan;
    let section_of = |ticket| plan.section_of(ticket).map(|section| section.number);
    let at = |seconds| {
        let now = now() + TimeDelta::seconds(seconds);
        board.find_refusal(section_of, &[TicketNumber(3)], None, now).is_some()
    };
    assert!(at(117));
    assert!(!at(118), "clocks differ by two seconds, at most");
}

#[test]
fn what_is_not_read_yet_is_not_told() {
    let board = EventBoard::new(&entry(), "me");
    assert!(board.snapshot().is_none() && board.counts().is_none());
    assert!(board.until_known().now_or_never().is_none());
    assert_eq!(refused(&board, &[1], None), None);
    let wanted = |number| Wanted { section: (EventId(7), SectionNumber(number)), capacity: 10 };
    assert_eq!(board.to_read().0, [wanted(1), wanted(2)]);
    let known = self::board(&[(1, TicketState::Sold)]);
    assert!(known.until_known().now_or_never().is_some());
    let snapshot = known.snapshot().unwrap();
    assert_eq!((snapshot[0].version, snapshot[0].available), (5, 9));
    assert_eq!(snapshot[0].taken, [Run::One(1)]);
    known.doubt();
    assert!(known.snapshot().is_none(), "what is doubted is read from the database");
    assert!(known.counts().is_some());
}

#[test]
fn streams_get_what_changed_since_they_came_as_one_frame() {
    let board = board(&[]);
    let mut stream = board.stream(None).unwrap();
    assert_eq!(stream.first.len(), 1);
    board.apply(held(6, 1));
    board.apply(held(7, 2));
    board.flush();
    let frame = stream.frames.try_recv().unwrap();
    let text = std::str::from_utf8(&frame).unwrap();
    assert!(text.contains("\"version\":6") && text.contains("\"version\":7"), "{text}");
    board.flush();
    assert_eq!(stream.frames.try_recv(), Err(TryRecvError::Empty), "nothing new, nothing sent");
    let resumed = board.stream(Some("me-0")).unwrap();
    assert_eq!(resumed.first, [frame], "and not the newest id before it");
    let stranger = board.stream(Some("you-0")).unwrap();
    assert!(stranger.first[0].starts_with(b"event: resync"));
}

#[test]
fn draining_ends_all_streams() {
    let board = board(&[]);
    let mut stream = board.stream(None).unwrap();
    board.drain();
    assert_eq!(stream.frames.try_recv(), Err(TryRecvError::Closed));
    assert!(board.stream(None).is_none());
}
