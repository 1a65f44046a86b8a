//! The dummy gateway's books.

use booking::domain::{Money, Reason};
use store::charges;
use uuid::Uuid;

use crate::support::with_database;

const ATTEMPT: Uuid = Uuid::from_u128(1);
const OTHER_ATTEMPT: Uuid = Uuid::from_u128(2);
const RESERVATION: Uuid = Uuid::from_u128(3);

fn money(amount: i64) -> Money {
    Money { amount, currency: "EUR".parse().expect("a currency") }
}

#[test]
fn a_repeated_charge_has_the_first_answer() {
    with_database(async |pool| {
        let mut books = pool.acquire().await.expect("a connection");
        let declined = Some(Reason::CardDeclined);
        let first = charges::record(&mut books, ATTEMPT, RESERVATION, money(5_000), None).await;
        let first = first.expect("recorded");
        assert_eq!((first.refused, first.calls, first.amount), (None, 1, 5_000));
        for calls in 2..=4 {
            let again = charges::record(&mut books, ATTEMPT, RESERVATION, money(9), declined).await;
            let again = again.expect("found");
            assert_eq!((again.refused, again.calls, again.amount), (None, calls, 5_000));
        }
        let no = charges::record(&mut books, OTHER_ATTEMPT, RESERVATION, money(1), declined).await;
        assert_eq!(no.expect("recorded").refused, declined);
        let still = charges::record(&mut books, OTHER_ATTEMPT, RESERVATION, money(1), None).await;
        assert_eq!(still.expect("found").refused, declined);
    });
}

#[test]
fn a_charge_that_is_asked_for_twice_at_once_is_one_charge() {
    with_database(async |pool| {
        let charge = async || {
            let mut books = pool.acquire().await.expect("a connection");
            charges::record(&mut books, ATTEMPT, RESERVATION, money(5_000), None).await
        };
        let calls = futures::future::join_all((0..6).map(|_| charge())).await;
        let mut calls: Vec<i32> =
            calls.into_iter().map(|one| one.expect("an answer").calls).collect();
        calls.sort_unstable();
        assert_eq!(calls, [1, 2, 3, 4, 5, 6]);
    });
}

#[test]
fn a_refund_happens_once() {
    with_database(async |pool| {
        let mut books = pool.acquire().await.expect("a connection");
        let refunded_at = "SELECT refunded_at::text FROM gateway.charges WHERE attempt = $1";
        let charge = charges::record(&mut books, ATTEMPT, RESERVATION, money(5_000), None).await;
        charge.expect("recorded");
        let mut moments: Vec<Option<String>> = Vec::new();
        for _ in 0..2 {
            assert!(charges::refund(&mut books, ATTEMPT).await.expect("a refund"));
            let at = sqlx::query_scalar(refunded_at).bind(ATTEMPT).fetch_one(&mut *books).await;
            moments.push(at.expect("its row"));
        }
        assert!(moments[0].is_some() && moments[0] == moments[1], "{moments:?}");
    });
}

#[test]
fn what_was_not_captured_cannot_be_refunded() {
    with_database(async |pool| {
        let mut books = pool.acquire().await.expect("a connection");
        let declined = Some(Reason::CardDeclined);
        let charge =
            charges::record(&mut books, ATTEMPT, RESERVATION, money(5_000), declined).await;
        charge.expect("recorded");
        assert!(!charges::refund(&mut books, ATTEMPT).await.expect("a query"));
        assert!(!charges::refund(&mut books, OTHER_ATTEMPT).await.expect("a query"));
    });
}

#[test]
fn another_attempts_refusal_is_remembered_and_ones_own_is_not_another() {
    with_database(async |pool| {
        let mut books = pool.acquire().await.expect("a connection");
        let fault = Reason::ProcessingError;
        let charge = charges::record(&mut books, ATTEMPT, RESERVATION, money(1), Some(fault)).await;
        charge.expect("recorded");
        for (attempt, reason, expected) in [
            (ATTEMPT, fault, false),
            (OTHER_ATTEMPT, fault, true),
            (OTHER_ATTEMPT, Reason::CardDeclined, false),
        ] {
            let was = charges::was_refused(&mut books, attempt, RESERVATION, reason).await;
            assert_eq!(was.expect("a query"), expected, "{attempt} {reason}");
        }
    });
}
