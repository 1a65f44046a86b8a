//! One booking is followed through all processes by the id of its trace.

use anyhow::{Context, Result};
use e2e::{Options, Service, Stack, plans};
use reqwest::Method;
use serde_json::{Value, json};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CAUSE: &str = "00f067aa0ba902b7";

async fn span(service: &Service, message: &str, parent: &str) -> Result<Value> {
    let fits = |line: &Value| {
        line["message"] == message && line["trace_id"] == TRACE && line["parent_id"] == parent
    };
    service.line(fits).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traced_booking_is_followed_through_all_processes_and_an_untraced_one_costs_no_line()
-> Result<()> {
    let options = Options::of(plans::seated(1)).workers(&["reservations", "payments"]);
    let mut stack = Stack::start(options).await?;
    assert_eq!(stack.buyer.reserve("eve", &[9]).await?.status, 201);
    let api = stack.api.as_ref().context("a front door")?;
    let traced = |service: &Service| {
        service.lines().iter().filter(|line| line["trace_id"].is_string()).count()
    };
    assert_eq!(traced(api) + traced(&stack.workers[0]), 0);

    let context = format!("00-{TRACE}-{CAUSE}-01");
    let headers = [("traceparent", context.as_str()), ("prefer", "wait=20")];
    let ask = |path: String, body: Value| {
        let buyer = stack.buyer.clone();
        async move { buyer.ask(Method::POST, &path, &headers, Some(body)).await }
    };
    let reservations = "/api/v1/events/1/reservations";
    let order = json!({"customer": "ada", "tickets": [1]});
    let held = ask(reservations.to_owned(), order).await?;
    assert_eq!(held.status, 201, "{:?}", held.body);
    let card = json!({"card": "4242424242424242"});
    let paid = ask(format!("{reservations}/{}/payments", held.id()), card).await?;
    assert_eq!(paid.status, 201, "{:?}", paid.body);

    for (answer, worker, status) in [(&held, 0, "held"), (&paid, 1, "processing")] {
        let own = answer.header("traceparent");
        let (trace, own) =
            own.rsplit_once("-01").and_then(|(id, _)| id.rsplit_once('-')).context("a context")?;
        assert_eq!(trace, format!("00-{TRACE}"));
        let answered = api.line(|line| line["span_id"] == own).await?;
        assert_eq!((&answered["trace_id"], &answered["parent_id"]), (&json!(TRACE), &json!(CAUSE)));
        assert_eq!(answered["id"], json!(format!("{:?}", answer.header("x-request-id"))));
        let decided = span(&stack.workers[worker], "decided a traced request", own).await?;
        assert_eq!((&decided["status"], &decided["id"]), (&json!(status), &json!(answer.id())));
        let batch = &stack.workers[worker];
        let batch = batch.line(|line| line["span_id"] == decided["batch"]).await?;
        let links = batch["links"].as_str().unwrap_or_default();
        assert!(links.contains(&format!("00-{TRACE}-{own}-01")), "{batch}");
        let by = decided["span_id"].as_str().unwrap_or_default();
        span(api, "heard the outcome of a traced request", by).await?;
    }
    stack.add_worker("expiry", &[])?;
    stack.finish().await
}
