//! Requests of buyers, accepted now.

use booking::payments::Pay;
use booking::requests::{Request, Reserve};
use testbed::requests;

pub(crate) use testbed::requests::{payment_id, reservation_id as id, ticket_numbers as numbers};

pub(crate) fn wish(number: u128, customer: &str, tickets: &[i32]) -> Request {
    requests::reserve(number, customer, tickets, process::clock::now()).into()
}

/// So many tickets of a section.
pub(crate) fn any_of(number: u128, customer: &str, section: i32, quantity: i32) -> Request {
    let best = Some(requests::best_of(Some(section), quantity));
    let reserve = requests::reserve(number, customer, &[], process::clock::now());
    Reserve { best, ..reserve }.into()
}

pub(crate) fn cancel(number: u128) -> Request {
    requests::cancel(number, process::clock::now()).into()
}

pub(crate) fn pay(payment: u128, reservation: u128) -> Pay {
    requests::pay(payment, reservation, process::clock::now())
}
