//! One booking can be followed through all processes by its trace id.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use e2e::{Options, Service, Stack, eventually, plans};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CAUSE: &str = "00f067aa0ba902b7";

/// A collector that keeps the spans that it receives.
struct Collector {
    url: String,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    async fn listen() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let to = Arc::clone(&to);
                tokio::spawn(async move { take(stream, &to).await });
            }
        });
        Ok(Self { url, requests })
    }

    /// The spans of that name that belong to the trace or link to it.
    fn spans(&self, name: &str) -> Vec<Value> {
        let requests = self.requests.lock().expect("no holder panics");
        let lists = requests
            .iter()
            .filter_map(|request| request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array());
        let named = lists.flatten().filter(|span| span["name"] == name);
        named.filter(|span| name == "batch" || span["traceId"] == TRACE).cloned().collect()
    }
}

/// Reads requests with a `Content-Length` from one connection.
async fn take(stream: TcpStream, to: &Mutex<Vec<Value>>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            anyhow::ensure!(stream.read_line(&mut line).await? > 0, "the end");
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        to.lock().expect("no holder panics").push(serde_json::from_slice(&body)?);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await?;
    }
}

async fn span(service: &Service, message: &str, parent: &str) -> Result<Value> {
    let fits = |line: &Value| {
        line["message"] == message && line["trace_id"] == TRACE && line["parent_id"] == parent
    };
    service.line(fits).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traced_booking_is_followed_through_all_processes_and_an_untraced_one_costs_no_line()
-> Result<()> {
    let collector = Collector::listen().await?;
    let options = Options::of(plans::seated(1)).workers(&["reservations", "payments"]);
    let options = options.set("traces__otlp_url", &collector.url);
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
    // The collector has the same spans: two requests, three decisions, and each outcome that was
    // heard.
    for (name, number) in [("request", 2), ("decide", 3), ("outcome heard", 3)] {
        let all = || async { collector.spans(name).len() == number };
        eventually(&format!("{number} spans called {name}"), all).await;
    }
    assert!(collector.spans("batch").iter().all(|batch| batch["links"][0]["traceId"] == TRACE));
    stack.add_worker("expiry", &[])?;
    stack.finish().await
}
