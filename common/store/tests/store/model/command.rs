//! What may happen, at random.

use booking::decide::Charge;
use booking::domain::Reason;
use proptest::prelude::*;
use proptest::sample::select;

/// Reservations and payments have numbers below this.
pub(super) const NUMBERS: u128 = 16;
const CUSTOMERS: [&str; 3] = ["ada", "bob", "eve"];

#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// Tickets by number, or so many of a section; or the second where the first are not free.
    Reserve { number: u128, customer: &'static str, tickets: Vec<i32>, any_of: Option<(i32, i32)> },
    /// Gives a hold back.
    Cancel { number: u128 },
}

#[derive(Debug, Clone)]
pub(super) enum Command {
    /// Requests of one transaction.
    Batch(Vec<Ask>),
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

fn ask() -> impl Strategy<Value = Ask> {
    // Few tickets, at the seam of the two sections, so that requests meet.
    let wish = prop_oneof![
        1 => Just(Vec::new()),
        4 => proptest::collection::btree_set(27..=34, 1..=4).prop_map(Vec::from_iter),
    ];
    let any_of = proptest::option::weighted(0.4, (1..=2, 1..=12));
    let reserve = (1..NUMBERS, select(&CUSTOMERS[..]), wish, any_of);
    prop_oneof![
        5 => reserve.prop_map(|(number, customer, tickets, any_of)| {
            let any_of = if tickets.is_empty() { any_of.or(Some((2, 1))) } else { any_of };
            Ask::Reserve { number, customer, tickets, any_of }
        }),
        1 => (1..NUMBERS).prop_map(|number| Ask::Cancel { number }),
    ]
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
        6 => proptest::collection::vec(ask(), 1..5).prop_map(Command::Batch),
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
