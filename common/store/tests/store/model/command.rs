//! What may happen, at random.

use booking::domain::Reason;
use booking::payments::Charge;
use booking::requests::{Request, Reserve};
use chrono::DateTime;
use proptest::prelude::*;
use proptest::sample::select;
use testbed::requests;

/// Reservations and payments have numbers below this.
pub(super) const NUMBERS: u128 = 16;
const CUSTOMERS: [&str; 3] = ["ada", "bob", "eve"];

#[derive(Debug, Clone)]
pub(super) enum Command {
    /// Requests of one transaction.
    Batch(Vec<Request>),
    /// Prompts to look at holds, in one transaction.
    Prompt(Vec<u128>),
    /// Begins to pay a reservation.
    Begin { payment: u128, number: u128 },
    /// The gateway's word on a payment.
    Answer { payment: u128, charge: Charge },
    /// The gateway has given the money of a payment back.
    GivenBack { payment: u128 },
    /// Time goes on, in seconds.
    Wait(i64),
}

/// Requests whose moment of acceptance is set when they are sent.
fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        5 => reserve().prop_map(Request::from),
        1 => (1..NUMBERS).prop_map(|number| requests::cancel(number, DateTime::UNIX_EPOCH).into()),
    ]
}

/// Tickets by number, or so many of a section; or the second where the first are not free.
fn reserve() -> impl Strategy<Value = Reserve> {
    // Few tickets, at the seam of the two sections, so that requests meet.
    let wish = prop_oneof![
        1 => Just(Vec::new()),
        4 => proptest::collection::btree_set(27..=34, 1..=4).prop_map(Vec::from_iter),
    ];
    let best = proptest::option::weighted(0.4, (1..=2, 1..=12));
    let drawn = (1..NUMBERS, select(&CUSTOMERS[..]), wish, best);
    drawn.prop_map(|(number, customer, tickets, best)| {
        let best = if tickets.is_empty() { best.or(Some((2, 1))) } else { best };
        let best = best.map(|(section, quantity)| requests::best_of(Some(section), quantity));
        Reserve { best, ..requests::reserve(number, customer, &tickets, DateTime::UNIX_EPOCH) }
    })
}

fn charge() -> impl Strategy<Value = Charge> {
    select(vec![
        Charge::Captured,
        Charge::Captured,
        Charge::Declined(Reason::CardDeclined),
        Charge::Failed(Reason::ProcessingError),
    ])
}

fn command() -> impl Strategy<Value = Command> {
    let number = || 1..NUMBERS;
    prop_oneof![
        6 => proptest::collection::vec(request(), 1..5).prop_map(Command::Batch),
        2 => proptest::collection::vec(number(), 1..4).prop_map(Command::Prompt),
        5 => (number(), number()).prop_map(|(payment, number)| Command::Begin { payment, number }),
        5 => (number(), charge())
            .prop_map(|(payment, charge)| Command::Answer { payment, charge }),
        1 => number().prop_map(|payment| Command::GivenBack { payment }),
        2 => select(vec![1, 29, 30, 31, 599, 600, 601]).prop_map(Command::Wait),
    ]
}

pub(super) fn commands() -> impl Strategy<Value = Vec<Command>> {
    proptest::collection::vec(command(), 10..50)
}
