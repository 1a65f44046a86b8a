use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::*;
use crate::reads::sample::entry;

fn check(body: Value) -> Result<Order, Value> {
    let body: NewReservation = serde_json::from_value(body).unwrap();
    Order::check(body, &entry()).map_err(|problem| json_of(problem).1)
}

fn json_of(problem: Problem) -> (StatusCode, Value) {
    let response = problem.into_response();
    let status = response.status();
    let body = futures::FutureExt::now_or_never(axum::body::to_bytes(response.into_body(), 9_999));
    (status, serde_json::from_slice(&body.unwrap().unwrap()).unwrap())
}

fn fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[test]
fn tickets_are_sorted_and_the_customer_is_trimmed() {
    let order = check(json!({"customer": " ada ", "tickets": [12, 3]})).unwrap();
    assert_eq!(order.customer, "ada");
    assert_eq!(order.tickets, [TicketNumber(3), TicketNumber(12)]);
}

#[test]
fn what_can_never_be_right_is_named_field_by_field() {
    let none = check(json!({"customer": "ada"})).unwrap_err();
    assert_eq!(fields(&none), ["tickets"]);
    let odd = check(json!({"customer": "ada", "tickets": [0, -1, 21, 5, 5]})).unwrap_err();
    assert_eq!(fields(&odd), ["tickets[0]", "tickets[1]", "tickets[2]", "tickets[4]"]);
    for customer in ["", "  ", "a\u{0}b", "a\nb", &"x".repeat(255)] {
        let refused = check(json!({"customer": customer, "tickets": [1]})).unwrap_err();
        assert_eq!(fields(&refused), ["customer"], "{customer:?}");
    }
    let many = vec![99; 1_000];
    let long = check(json!({"customer": "ada", "tickets": many})).unwrap_err();
    assert_eq!(fields(&long).len(), ERRORS_MAX);
}

#[test]
fn the_best_of_a_section_or_tier_that_is_not_there_is_refused() {
    let best = |best: Value| check(json!({"customer": "ada", "best": best}));
    assert!(best(json!({"quantity": 2})).is_ok());
    assert!(best(json!({"quantity": 2, "section": 1, "tier": 1, "together": true})).is_ok());
    assert_eq!(fields(&best(json!({"quantity": 0})).unwrap_err()), ["best.quantity"]);
    let elsewhere = best(json!({"quantity": 1, "section": 1, "tier": 2})).unwrap_err();
    assert_eq!(fields(&elsewhere), ["best.tier"]);
    let unknown = best(json!({"quantity": 1, "section": 3, "tier": 1})).unwrap_err();
    assert_eq!(fields(&unknown), ["best.section"]);
}

#[test]
fn more_than_the_limit_is_refused_with_the_limit() {
    for body in [
        json!({"customer": "ada", "tickets": [1, 2, 3, 4, 5]}),
        json!({"customer": "ada", "best": {"quantity": 5}}),
    ] {
        let problem = check(body).unwrap_err();
        assert_eq!(problem["type"], "/problems/limit-exceeded");
        assert_eq!(problem["limit"], 4);
        assert_eq!(problem["status"], 422);
    }
}

#[test]
fn the_fingerprint_is_of_the_meaning_and_not_of_the_spelling() {
    let of = |body| check(body).unwrap().fingerprint();
    let one = of(json!({"customer": "ada", "tickets": [1, 2]}));
    assert_eq!(one, of(json!({"tickets": [2, 1], "customer": " ada", "best": null})));
    assert_ne!(one, of(json!({"customer": "ada", "tickets": [1, 3]})));
    assert_ne!(one, of(json!({"customer": "bob", "tickets": [1, 2]})));
    assert_ne!(one, of(json!({"customer": "ada", "tickets": [1, 2], "best": {"quantity": 2}})));
    assert_ne!(idempotency::fingerprint(b""), 0);
}

#[test]
fn only_well_before_the_sale_the_front_door_refuses_by_itself() {
    let entry = entry();
    let begins = entry.event.terms.on_sale_at;
    let refused = |before| check_on_sale(&entry, begins - TimeDelta::milliseconds(before));
    let (status, problem) = json_of(refused(2_001).unwrap_err());
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["reason"], "not_on_sale");
    assert!(refused(2_000).is_ok(), "clocks differ: the database's decides");
    assert!(refused(-1).is_ok());
}
