//! Buyers at the front door of a whole system.

use std::collections::HashSet;

use anyhow::Result;
use e2e::{Answer, Options, Stack, eventually, plans};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

const GOOD: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_booking_from_the_list_of_events_to_the_tickets() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(2))).await?;
    let buyer = &stack.buyer;
    let events = buyer.get("/api/v1/events").await?;
    assert_eq!(events.body["events"][0]["id"], 1);
    let event = buyer.get("/api/v1/events/1").await?;
    assert_eq!(event.body["status"], "on_sale");
    assert_eq!(event.body["sections"][0]["available"], 20);
    let layout = buyer.get("/api/v1/events/1/layout").await?;
    assert_eq!(layout.body["sections"][0]["tickets"][11]["row"], "B");

    let body = json!({"customer": "ada@example.org", "tickets": [12, 13]});
    let accepted = buyer.post_reservation(body, &[]).await?;
    assert_eq!((accepted.status, accepted.state()), (202, "pending"), "{:?}", accepted.body);
    assert!(accepted.header("retry-after").parse::<u32>()? >= 1);
    assert!(!accepted.header("x-request-id").is_empty());
    let location = accepted.header("location").to_owned();
    assert!(location.ends_with(accepted.id()), "{location}");
    let held = buyer.until(accepted.id(), &["held"]).await?;
    assert_eq!(held.body["total"], json!({"amount": 5_000, "currency": "EUR"}));
    assert_eq!(held.body["tickets"][0]["label"], "Row B, seat 2");
    assert_eq!(held.body["customer"], "ada@example.org");
    let left_ms = held.body["expires_in_ms"].as_i64().unwrap_or_default();
    assert!((590_000..=600_000).contains(&left_ms), "{left_ms}");
    // Availability follows the outcomes, and may be a moment behind the reservation.
    let taken = || async {
        let taken = buyer.get("/api/v1/events/1/availability").await;
        taken.is_ok_and(|taken| {
            let section = &taken.body["sections"][0];
            section["available"] == 18 && section["taken"] == json!([12, 13])
        })
    };
    e2e::eventually("the seats are taken", taken).await;

    let declined = buyer.pay(held.id(), DECLINED).await?;
    assert_eq!((declined.status, &declined.body["reason"]), (402, &json!("card_declined")));
    let paid = buyer.pay(held.id(), GOOD).await?;
    assert_eq!((paid.status, paid.state()), (201, "succeeded"), "{:?}", paid.body);
    let path = paid.header("location").to_owned();
    assert_eq!(buyer.get(&path).await?.body["card_last4"], "4242");
    let confirmed = buyer.reservation(held.id()).await?;
    assert_eq!(confirmed.state(), "confirmed");
    let tickets = buyer.get(&format!("{location}/tickets")).await?;
    assert_eq!(tickets.body["tickets"].as_array().map(Vec::len), Some(2));
    let qr = tickets.body["tickets"][0]["qr"].as_str().unwrap_or_default();
    let qr = buyer.get(qr).await?;
    assert_eq!((qr.status, qr.header("content-type")), (200, "image/svg+xml"));
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_buyers_of_one_seat_exactly_one_holds_it() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(1))).await?;
    let buyers = (0..200).map(|number| {
        let buyer = stack.buyer.clone();
        async move { buyer.reserve(&format!("buyer {number}"), &[7]).await }
    });
    let answers: Vec<Answer> = join_all(buyers).await.into_iter().collect::<Result<_>>()?;
    let held = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(held, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.status, 409, "{:?}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.body["type"], "/problems/tickets-unavailable");
        assert_eq!(answer.body["reason"], "tickets_unavailable");
        assert_eq!(answer.body["tickets"], json!([7]));
    }
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_used_again_is_the_same_reservation_and_with_another_body_a_mistake() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(1))).await?;
    let headers = [("idempotency-key", "\"the-key\""), ("prefer", "wait=20")];
    let body = json!({"customer": "ada", "tickets": [1]});
    let same = join_all((0..8).map(|_| stack.buyer.post_reservation(body.clone(), &headers))).await;
    let mut ids = HashSet::new();
    for answer in same {
        let answer = answer?;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        ids.insert(answer.id().to_owned());
    }
    assert_eq!(ids.len(), 1);
    let unquoted = [("idempotency-key", "the-key"), ("prefer", "wait=20")];
    let again = stack.buyer.post_reservation(body, &unquoted).await?;
    assert!(ids.contains(again.id()), "quoted or not, it is the same key");
    let other = json!({"customer": "ada", "tickets": [2]});
    let mistake = stack.buyer.post_reservation(other, &headers).await?;
    assert_eq!(
        (mistake.status, &mistake.body["type"]),
        (422, &json!("/problems/idempotency-key-reused"))
    );
    let of_bob = json!({"customer": "bob", "tickets": [2]});
    assert_eq!(stack.buyer.post_reservation(of_bob, &headers).await?.status, 201);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_never_be_right_is_refused_with_a_problem_and_changes_nothing() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(1))).await?;
    let cases = [
        (json!({"customer": "ada", "tickets": [11]}), 422),
        (json!({"customer": "ada", "tickets": [0]}), 422),
        (json!({"customer": "ada", "tickets": [1, 1]}), 422),
        (json!({"customer": "ada", "tickets": []}), 422),
        (json!({"customer": "ada"}), 422),
        (json!({"customer": "", "tickets": [1]}), 422),
        (json!({"customer": "a\u{0}b", "tickets": [1]}), 422),
        (json!({"customer": "ada", "tickets": (1..=11).collect::<Vec<_>>()}), 422),
        (json!({"customer": "ada", "best": {"quantity": 0}}), 422),
        (json!({"customer": "ada", "best": {"quantity": 2, "section": 9}}), 422),
        (json!({"customer": "ada", "best": {"quantity": 2, "tier": 9}}), 422),
        (json!({"customer": "ada", "tickets": [1], "colour": "red"}), 422),
        (json!({"customer": "ada", "tickets": [9_999_999_999_i64]}), 422),
        (json!([]), 422),
    ];
    for (body, status) in cases {
        let answer = stack.buyer.post_reservation(body.clone(), &[]).await?;
        assert_eq!(answer.status, status, "{body} gave {:?}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.body["detail"].is_string() && answer.body["type"].is_string());
    }
    let body = json!({"customer": "ada", "tickets": [1]});
    let nowhere = "/api/v1/events/77/reservations";
    let answer = stack.buyer.ask(Method::POST, nowhere, &[], Some(body)).await?;
    assert_eq!(answer.status, 404);
    let never = "01890000-0000-8000-8000-000000000000";
    assert_eq!(stack.buyer.reservation(never).await?.status, 404);
    assert_eq!(stack.buyer.reservation("not-an-id").await?.status, 404);
    assert_eq!(stack.database.count("SELECT count(*) FROM reservations").await?, 0);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_frees_the_seats_and_a_late_one_is_told_so() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(1))).await?;
    let held = stack.buyer.reserve("ada", &[1, 2]).await?;
    let cancelled = stack.buyer.cancel(held.id()).await?;
    assert_eq!((cancelled.status, cancelled.state()), (200, "cancelled"), "{:?}", cancelled.body);
    let other = stack.buyer.reserve("bob", &[1, 2]).await?;
    assert_eq!(other.status, 201);
    let again = stack.buyer.cancel(held.id()).await?;
    assert_eq!((again.status, again.state()), (200, "cancelled"), "a cancel may be repeated");
    assert_eq!(stack.buyer.pay(other.id(), GOOD).await?.status, 201);
    let late = stack.buyer.cancel(other.id()).await?;
    assert_eq!((late.status, &late.body["type"]), (409, &json!("/problems/not-cancellable")));
    let again = stack.buyer.pay(other.id(), GOOD).await?;
    assert_eq!((again.status, &again.body["reason"]), (409, &json!("already_confirmed")));
    assert_eq!(stack.buyer.pay(other.id(), "4111111111111111").await?.status, 422);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customers_limit_holds_when_all_requests_come_at_once() -> Result<()> {
    let mut event = plans::seated(3);
    event.tickets_per_customer = Some(4);
    event.sections.push(plans::section("Balcony", 3));
    let stack = Stack::start(Options::of(event).workers(&["all", "reservations"])).await?;
    let requests = (1..=60).map(|seat| {
        let buyer = stack.buyer.clone();
        async move { buyer.reserve("ada", &[seat]).await }
    });
    let answers: Vec<Answer> = join_all(requests).await.into_iter().collect::<Result<_>>()?;
    let held: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(held.len(), 4);
    let refused = answers.iter().filter(|answer| answer.body["reason"] == "customer_limit").count();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(refused, 56, "{statuses:?}");
    // A cancelled hold no longer counts towards the limit.
    assert_eq!(stack.buyer.cancel(held[0].id()).await?.status, 200);
    let free = answers.iter().position(|answer| answer.status != 201).unwrap_or_default();
    assert_eq!(stack.buyer.reserve("ada", &[free as i32 + 1]).await?.status, 201);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_best_seats_are_side_by_side_and_standing_room_goes_to_the_last_ticket() -> Result<()> {
    let mut event = plans::seated(2);
    event.sections.push(plans::standing("Floor", 25));
    let stack = Stack::start(Options::of(event)).await?;
    assert_eq!(stack.buyer.reserve("ada", &[3, 9]).await?.status, 201);
    let prefer = [("prefer", "wait=20")];
    let best = json!({"customer": "bob", "best": {"quantity": 5, "section": 1, "together": true}});
    let together = stack.buyer.post_reservation(best.clone(), &prefer).await?;
    let numbers: Vec<_> = together.body["tickets"].as_array().into_iter().flatten().collect();
    let numbers: Vec<_> = numbers.iter().map(|ticket| ticket["number"].clone()).collect();
    assert_eq!(numbers, [4, 5, 6, 7, 8]);
    let wish = json!({"customer": "cid", "tickets": [9], "best": {"quantity": 1, "section": 1}});
    let instead = stack.buyer.post_reservation(wish, &prefer).await?;
    assert_eq!(instead.body["tickets"][0]["number"], 1);
    let requests = (0..30).map(|number| {
        let body = json!({"customer": format!("c{number}"), "best": {"quantity": 1, "section": 2}});
        stack.buyer.post_reservation(body, &prefer)
    });
    let answers: Vec<Answer> = join_all(requests).await.into_iter().collect::<Result<_>>()?;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 25);
    let out = answers.iter().find(|answer| answer.status == 409).expect("five are refused");
    assert_eq!(out.body["reason"], "not_enough_available");
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_can_be_waited_for_and_followed_as_a_stream() -> Result<()> {
    let mut event = plans::seated(1);
    event.hold_seconds = 1;
    let stack = Stack::start(Options::of(event)).await?;
    let held = stack.buyer.reserve("ada", &[1]).await?;
    let path = format!("/api/v1/events/1/reservations/{}", held.id());
    let stream = stack.buyer.ask(Method::GET, &path, &[("accept", "text/event-stream")], None);
    let wait = stack.buyer.ask(Method::GET, &path, &[("prefer", "wait=20")], None);
    let (stream, wait) = tokio::join!(stream, wait);
    assert_eq!(wait?.state(), "expired");
    assert_eq!(stream?.header("content-type"), "text/event-stream");
    let after = stack.buyer.pay(held.id(), GOOD).await?;
    assert_eq!((after.status, &after.body["reason"]), (409, &json!("expired")));
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_certain_to_be_refused_is_queued_only_where_the_settings_say_so() -> Result<()> {
    for (edge, decided) in [(true, 1), (false, 2)] {
        let options = Options::of(plans::seated(1)).set("api__edge_refusal", edge);
        let stack = Stack::start(options).await?;
        // The board proves nothing before it is loaded, or while the feed of outcomes is down.
        eventually("outcomes come in", || async {
            stack.buyer.get("/readyz").await.is_ok_and(|answer| answer.body["outcomes"] == true)
        })
        .await;
        assert_eq!(stack.buyer.get("/api/v1/events/1/availability").await?.status, 200);
        assert_eq!(stack.buyer.reserve("ada", &[1]).await?.status, 201);
        let refused = stack.buyer.reserve("bob", &[1]).await?;
        assert_eq!((refused.status, &refused.body["tickets"]), (409, &json!([1])));
        let rows = stack.database.count("SELECT count(*) FROM reservations").await?;
        assert_eq!(rows, decided, "with {edge}");
        stack.finish().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_that_share_a_connection_by_http_2_are_served_side_by_side_and_through_a_drain()
-> Result<()> {
    let mut stack = Stack::start(Options::of(plans::seated(20))).await?;
    let proxy = stack.buyer.over_http2()?;
    assert_eq!(proxy.get("/livez").await?.status, 200);
    let requests = (1..=150).map(|seat| {
        let proxy = &proxy;
        async move { proxy.reserve(&format!("buyer {seat}"), &[seat]).await }
    });
    let answers: Vec<Answer> = join_all(requests).await.into_iter().collect::<Result<_>>()?;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let path = format!("/api/v1/events/1/reservations/{}", answers[0].id());
    let waits = tokio::spawn({
        let proxy = proxy.clone();
        let path = path.clone();
        async move { proxy.ask(Method::GET, &path, &[("prefer", "wait=20")], None).await }
    });
    let api = stack.api.as_ref().expect("it has a front door");
    let has_waiter = || async {
        let metrics = stack.metrics(api).await;
        metrics.is_ok_and(|metrics| metrics.sum("boxoffice_waiters", &[]) > 0.5)
    };
    e2e::eventually("a client that waits", has_waiter).await;
    let api = stack.api.take().expect("it has a front door");
    let ended = tokio::task::spawn_blocking(|| api.terminate()).await??;
    assert!(ended.success(), "{ended}");
    let answer = waits.await??;
    assert_eq!(
        (answer.status, answer.state()),
        (200, "held"),
        "who waited is answered: {answer:?}"
    );
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_not_on_sale_sells_nothing() -> Result<()> {
    let mut event = plans::seated(1);
    event.on_sale_in_days = 1.0;
    let stack = Stack::start(Options::of(event)).await?;
    assert_eq!(stack.buyer.get("/api/v1/events/1").await?.body["status"], "upcoming");
    let answer = stack.buyer.reserve("ada", &[1]).await?;
    assert_eq!((answer.status, &answer.body["type"]), (409, &json!("/problems/not-on-sale")));
    stack.finish().await
}
