//! What a running system shows of itself on the admin ports.

use std::collections::BTreeMap;

use anyhow::Result;
use e2e::{Metrics, Options, Stack, eventually, plans};
use process::telemetry::names;
use serde_json::json;

/// A stack with one process for each pool, and a metric's sum over its series in all of them.
async fn stack() -> Result<Stack> {
    let mut event = plans::seated(2);
    event.hold_seconds = 1;
    let options = Options::of(event).workers(&["reservations", "payments", "expiry"]);
    Stack::start(options.set("workers__audit_interval_ms", 200)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_shown_and_the_funnel_counts_what_was_booked() -> Result<()> {
    let stack = stack().await?;
    let held = stack.buyer.reserve("ada", &[1, 2]).await?;
    assert_eq!(stack.buyer.pay(held.id(), "4000000000000002").await?.status, 402);
    assert_eq!(stack.buyer.pay(held.id(), "4242424242424242").await?.status, 201);
    let lost = stack.buyer.reserve("bob", &[3]).await?;
    stack.buyer.until(lost.id(), &["expired"]).await?;
    // The board refuses what it knows to be sold; wishes that are new to it go the whole way.
    let path = "/api/v1/events/1/availability";
    assert_eq!(stack.buyer.get(path).await?.status, 200);
    let sold = || async { stack.buyer.reserve("eve", &[1]).await.is_ok_and(|a| a.status == 409) };
    eventually("a refusal", sold).await;
    let invalid = json!({"customer": "ada", "tickets": [999]});
    assert_eq!(stack.buyer.post_reservation(invalid, &[]).await?.status, 422);

    let api = stack.metrics(stack.api.as_ref().expect("a front door")).await?;
    assert!(api.sum("boxoffice_accepted_total", &[("exchange", "requests")]) >= 2.0);
    assert!(api.sum("boxoffice_accepted_total", &[("exchange", "payments")]) >= 2.0);
    assert!(api.sum("boxoffice_http_responses_total", &[("status", "201")]) >= 2.0);
    assert!(api.sum("boxoffice_problems_total", &[("type", "invalid-request")]) >= 1.0);
    assert!(api.sum("boxoffice_outcome_seconds_count", &[("pool", "reservations")]) >= 2.0);
    assert!((api.sum("boxoffice_ready", &[]) - 1.0).abs() < f64::EPSILON);

    let mut workers = Metrics::default();
    for worker in &stack.workers {
        workers.merge(stack.metrics(worker).await?);
    }
    let moved = |status| workers.sum("boxoffice_reservations_total", &[("status", status)]);
    let states: BTreeMap<&str, f64> =
        ["held", "paying", "confirmed", "expired"].map(|status| (status, moved(status))).into();
    // Ada's reservation is held again after the declined card.
    let expected = [("held", 3.0), ("paying", 2.0), ("confirmed", 1.0), ("expired", 1.0)];
    assert_eq!(states, BTreeMap::from(expected));
    let refused = [("reason", "card_declined")];
    assert!((workers.sum("boxoffice_payment_refusals_total", &refused) - 1.0).abs() < 1e-9);
    assert!((workers.sum("boxoffice_partition_owned", &[]) - 4.0).abs() < 1e-9);
    assert!(workers.sum("boxoffice_expiry_lateness_seconds_count", &[]) >= 1.0);
    assert!(workers.sum("boxoffice_batch_requests_sum", &[("pool", "reservations")]) >= 2.0);
    let waiting = [("queue", "dead-letters")];
    assert!(workers.sum("boxoffice_queue_messages", &waiting).abs() < f64::EPSILON);

    let mut all = workers;
    all.merge(api);
    // A failure of the gateway shows no time, and the first audit comes after a moment.
    let audited = || async {
        let expiry = stack.metrics(&stack.workers[2]).await.unwrap_or_default();
        expiry.sum("boxoffice_audit_time_seconds", &[]) > 1e9
    };
    eventually("an audit", audited).await;
    all.merge(stack.metrics(&stack.workers[2]).await?);
    let shown = all.families();
    let missing: Vec<&str> =
        names::ALL.iter().map(|one| one.name).filter(|name| !shown.contains(*name)).collect();
    assert!(missing.is_empty(), "not shown: {missing:?}");
    let unknown: Vec<&String> =
        shown.iter().filter(|name| names::ALL.iter().all(|one| one.name != **name)).collect();
    assert!(unknown.is_empty(), "not in the list of names: {unknown:?}");
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_port_shows_nothing_of_the_admin_port() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(1))).await?;
    let line = stack.api.as_ref().expect("a front door").message("listening").await?;
    let admin = format!("http://{}", line["admin"].as_str().unwrap_or_default());
    for (path, sign) in [("/metrics", "boxoffice_ready"), ("/status", "Dead letters")] {
        let text = async |base: &str| reqwest::get(format!("{base}{path}")).await?.text().await;
        assert!(text(&admin).await?.contains(sign), "{path} of the admin port");
        assert!(!text(stack.buyer.base()).await?.contains(sign), "{path} of the public port");
    }
    let client = reqwest::Client::new();
    let put = client.put(format!("{}/log", stack.buyer.base())).body("trace").send().await?;
    assert!(put.status().is_client_error(), "{}", put.status());
    let page = reqwest::get(&admin).await?;
    let policy = page.headers()["content-security-policy"].to_str()?.to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(page.text().await?.contains("<h1>Boxoffice</h1>"));
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged_can_be_changed_while_a_process_runs() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(1))).await?;
    let worker = &stack.workers[0];
    let line = worker.message("listening").await?;
    let url = format!("http://{}/log", line["admin"].as_str().unwrap_or_default());
    let client = reqwest::Client::new();
    let put = async |filter: &'static str| client.put(&url).body(filter).send().await;
    assert_eq!(put("workers=loud").await?.status(), 400);
    assert_eq!(put("info,workers=debug").await?.status(), 200);
    let filter = reqwest::get(&url).await?.text().await?;
    assert!(filter.contains("info") && filter.contains("workers=debug"), "{filter}");
    assert_eq!(stack.buyer.reserve("ada", &[1]).await?.status, 201);
    worker.line(|line| line["message"] == "decided" && line["level"] == "DEBUG").await?;
    stack.finish().await
}
