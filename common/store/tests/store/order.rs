//! Side by side, the holds of a section are as if they had been made one after the other.
//!
//! Each worker notes when it began an operation, when it ended, and what came of it. The checker
//! looks for an order of all operations that explains every answer and never puts one before
//! another that had ended when it began (Wing and Gong's search, with the states seen remembered).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Instant;

use booking::domain::{Reservation, ReservationStatus};
use booking::requests::Request;
use rand::prelude::*;
use store::Failure;
use tokio::sync::Barrier;

use crate::support::{Scene, any_of, cancel, id, seed, wish, with_scene};

/// All but these tickets of section 2 are blocked.
const TICKETS: std::ops::RangeInclusive<i32> = 31..=36;

#[derive(Debug, Clone)]
enum Act {
    Wish(Vec<i32>),
    AnyOf(usize),
    Cancel,
}

#[derive(Debug, Clone)]
struct Operation {
    number: u128,
    act: Act,
    began: u128,
    ended: u128,
    answer: Answer,
}

/// What an operation was told of its reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: ReservationStatus,
    tickets: Vec<i32>,
    conflicts: Vec<i32>,
}

/// The section as it would be after some operations: the state of each reservation, and the holder
/// of each ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Section {
    statuses: BTreeMap<u128, (ReservationStatus, Vec<i32>)>,
    holders: BTreeMap<i32, u128>,
}

impl Section {
    /// The section after one more operation; none where its answer cannot be explained here.
    fn after(&self, operation: &Operation) -> Option<Self> {
        use ReservationStatus::{Cancelled, Held, Rejected};
        let Operation { number, act, answer, .. } = operation;
        let mut next = self.clone();
        let Some((status, tickets)) = self.statuses.get(number) else {
            let taken = |ticket: &&i32| self.holders.contains_key(ticket);
            let explained = match (act, answer.status) {
                (Act::Cancel, status) => status == Cancelled && answer.tickets.is_empty(),
                (Act::Wish(wish), Held) => {
                    answer.tickets == *wish && !wish.iter().any(|t| taken(&t))
                }
                (Act::Wish(wish), Rejected) => {
                    let taken: Vec<i32> = wish.iter().filter(taken).copied().collect();
                    !taken.is_empty() && answer.conflicts == taken
                }
                (Act::AnyOf(quantity), Held) => {
                    answer.tickets.len() == *quantity && !answer.tickets.iter().any(|t| taken(&t))
                }
                (Act::AnyOf(quantity), Rejected) => {
                    TICKETS.filter(|ticket| !taken(&ticket)).count() < *quantity
                }
                _ => false,
            };
            if answer.status == Held {
                next.holders.extend(answer.tickets.iter().map(|ticket| (*ticket, *number)));
            }
            next.statuses.insert(*number, (answer.status, answer.tickets.clone()));
            return explained.then_some(next);
        };
        // Decided before: told again, or given back.
        if matches!(act, Act::Cancel) && *status == Held {
            next.holders.retain(|_, holder| holder != number);
            next.statuses.insert(*number, (Cancelled, tickets.clone()));
            return (answer.status == Cancelled && answer.tickets == *tickets).then_some(next);
        }
        (answer.status == *status && answer.tickets == *tickets).then_some(next)
    }
}

/// An order that explains every answer, as places in the list; none where there is none.
fn legal_order(operations: &[Operation]) -> Option<Vec<usize>> {
    let mut seen = HashSet::new();
    let mut order = Vec::new();
    search(operations, &BTreeSet::new(), &Section::default(), &mut seen, &mut order)
        .then_some(order)
}

fn search(
    operations: &[Operation],
    done: &BTreeSet<usize>,
    section: &Section,
    seen: &mut HashSet<(BTreeSet<usize>, Section)>,
    order: &mut Vec<usize>,
) -> bool {
    let open = || (0..operations.len()).filter(|place| !done.contains(place));
    let Some(first_end) = open().map(|place| operations[place].ended).min() else { return true };
    if !seen.insert((done.clone(), section.clone())) {
        return false;
    }
    for place in open().filter(|place| operations[*place].began <= first_end) {
        if let Some(next) = section.after(&operations[place]) {
            let mut done = done.clone();
            done.insert(place);
            order.push(place);
            if search(operations, &done, &next, seen, order) {
                return true;
            }
            order.pop();
        }
    }
    false
}

fn request(number: u128, act: &Act) -> Request {
    match act {
        Act::Wish(tickets) => wish(number, "ada", tickets),
        Act::AnyOf(quantity) => any_of(number, "ada", 2, *quantity as i32),
        Act::Cancel => cancel(number),
    }
}

/// Does it as a worker does, and notes it.
async fn operate(scene: &Scene<'_>, clock: Instant, number: u128, act: Act) -> Operation {
    let began = clock.elapsed().as_nanos();
    let told = loop {
        match scene.try_commit(&[request(number, &act)]).await {
            Ok(changes) => break changes.outcomes.reservations,
            Err(Failure::Conflict) => {}
            Err(failure) => panic!("{failure:?}"),
        }
    };
    let ended = clock.elapsed().as_nanos();
    let told = told.iter().find(|one| one.id == id(number)).expect("it is told");
    Operation { number, act, began, ended, answer: answer(told) }
}

fn answer(told: &Reservation) -> Answer {
    Answer {
        status: told.status,
        tickets: told.tickets.iter().map(|ticket| ticket.0).collect(),
        conflicts: told.conflicts.iter().map(|ticket| ticket.0).collect(),
    }
}

fn any_act(random: &mut StdRng) -> Act {
    match random.random_range(0..10) {
        0..5 => {
            let mut tickets = TICKETS.sample(random, 2);
            tickets.sort_unstable();
            Act::Wish(tickets)
        }
        5..7 => Act::AnyOf(random.random_range(1..=3)),
        _ => Act::Cancel,
    }
}

#[test]
fn the_holds_of_a_section_have_a_legal_order_whoever_makes_them_at_once() {
    const WORKERS: u64 = 4;
    const OPERATIONS: usize = 10;
    const ROUNDS: u64 = 10;
    let seed = seed();
    with_scene(None, async |scene| {
        scene.execute("UPDATE tickets SET state = 'blocked' WHERE number > 36").await;
        scene.execute("UPDATE sections SET available = 6 WHERE number = 2").await;
        for round in 0..ROUNDS {
            let clock = Instant::now();
            let barrier = Barrier::new(WORKERS as usize);
            let worker = async |worker: u64| {
                let mut random = StdRng::seed_from_u64(seed ^ (round << 8) ^ (worker << 32));
                let mut done = Vec::new();
                barrier.wait().await;
                for _ in 0..OPERATIONS {
                    // Workers meet at the same reservations, as after a redelivery.
                    let number = u128::from(round * 100 + random.random_range(1..=12));
                    done.push(operate(scene, clock, number, any_act(&mut random)).await);
                }
                done
            };
            let done = futures::future::join_all((0..WORKERS).map(worker)).await;
            let operations: Vec<Operation> = done.into_iter().flatten().collect();
            let order = legal_order(&operations);
            assert!(order.is_some(), "no order explains {operations:#?}");
            let rest = (1..=12).map(|number| cancel(u128::from(round * 100) + number));
            scene.commit(&rest.collect::<Vec<_>>()).await;
        }
        assert_eq!(scene.violations().await, []);
        assert!(
            scene
                .count("SELECT count(*) FROM reservations WHERE reason = 'tickets_unavailable'")
                .await
                > 5
        );
    });
}

#[test]
fn the_checker_refuses_what_no_order_explains() {
    let held = |number: u128, ticket, began, ended| Operation {
        number,
        act: Act::Wish(vec![ticket]),
        began,
        ended,
        answer: Answer {
            status: ReservationStatus::Held,
            tickets: vec![ticket],
            conflicts: Vec::new(),
        },
    };
    let cancelled = |number: u128, ticket, began, ended| Operation {
        act: Act::Cancel,
        answer: Answer {
            status: ReservationStatus::Cancelled,
            tickets: vec![ticket],
            conflicts: Vec::new(),
        },
        ..held(number, ticket, began, ended)
    };
    let refused = |number: u128, ticket, began, ended| Operation {
        answer: Answer {
            status: ReservationStatus::Rejected,
            tickets: Vec::new(),
            conflicts: vec![ticket],
        },
        ..held(number, ticket, began, ended)
    };
    let twice = [held(1, 31, 0, 10), held(2, 31, 0, 10)];
    assert_eq!(legal_order(&twice), None, "one ticket, two holders");
    let between = [held(1, 31, 0, 10), held(2, 31, 0, 30), cancelled(1, 31, 5, 20)];
    assert_eq!(legal_order(&between), Some(vec![0, 2, 1]), "the cancel came between");
    let too_late = [held(1, 31, 0, 10), held(2, 31, 0, 30), cancelled(1, 31, 40, 50)];
    assert_eq!(legal_order(&too_late), None, "the cancel began when both were held");
    let for_nothing = [refused(1, 31, 0, 10), held(2, 31, 20, 30)];
    assert_eq!(legal_order(&for_nothing), None, "nobody had it when it was refused");
}
