//! Sends spans to a collector: OTLP over HTTP, as JSON (opentelemetry.io/docs/specs/otlp). Only
//! traced requests have spans, so a thread with a small queue does; what does not fit, or cannot be
//! sent, is dropped, and nothing waits for it. The usual libraries would be forty crates more for
//! these few lines.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use booking::trace::Trace;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::clock;

/// Spans that may wait to be sent.
const WAITING_MAX: usize = 4_096;
/// Spans in one request to the collector.
const BATCH_MAX: usize = 512;
/// How long spans gather.
const GATHER: Duration = Duration::from_millis(500);
/// How long a request to the collector may take.
const LIMIT: Duration = Duration::from_secs(5);

static SPANS: OnceLock<SyncSender<Span>> = OnceLock::new();

/// The role of a span.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Within one process.
    Internal = 1,
    /// A request was answered.
    Server = 2,
    /// A message was handled.
    Consumer = 5,
}

/// A span that is over.
#[derive(Debug)]
pub struct Span {
    /// What was done.
    pub name: &'static str,
    /// Its role.
    pub kind: Kind,
    /// Itself.
    pub own: Trace,
    /// What caused it.
    pub parent: Option<Trace>,
    /// What else it serves.
    pub links: Vec<Trace>,
    /// When it began. It ends when it is handed over.
    pub begun: DateTime<Utc>,
    /// What is said of it.
    pub attributes: Vec<(&'static str, String)>,
}

/// Sends the spans of this process to the collector at this URL, such as `http://collector:4318`.
/// Nowhere, where it is empty.
pub fn start(url: &str, service: &'static str) -> anyhow::Result<()> {
    if url.is_empty() {
        return Ok(());
    }
    anyhow::ensure!(url.starts_with("http://"), "traces.otlp_url must begin with http://");
    let (sender, spans) = sync_channel(WAITING_MAX);
    let to = format!("{}/v1/traces", url.trim_end_matches('/'));
    std::thread::Builder::new()
        .name("otlp".to_owned())
        .spawn(move || send_all(&to, service, &spans))?;
    let _first = SPANS.set(sender);
    Ok(())
}

/// Hands a span over. Does nothing where spans are not sent.
pub fn ended(span: impl FnOnce() -> Span) {
    if let Some(spans) = SPANS.get() {
        let _full = spans.try_send(span());
    }
}

fn send_all(url: &str, service: &str, spans: &Receiver<Span>) {
    let config = ureq::Agent::config_builder().timeout_global(Some(LIMIT)).build();
    let agent = ureq::Agent::new_with_config(config);
    while let Ok(first) = spans.recv() {
        let mut batch = vec![encode(&first)];
        let until = Instant::now() + GATHER;
        while batch.len() < BATCH_MAX {
            match spans.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(span) => batch.push(encode(&span)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        let number = batch.len();
        let body = request(service, &batch).to_string();
        let post = agent.post(url).header("content-type", "application/json");
        let sent = post.send(body.as_str());
        if let Err(error) = sent {
            tracing::warn!(%error, number, "spans could not be sent to the collector");
        }
    }
}

fn request(service: &str, spans: &[Value]) -> Value {
    let resource = json!({"attributes": [
        attribute("service.name", service),
        attribute("service.namespace", "boxoffice"),
        attribute("service.version", env!("CARGO_PKG_VERSION")),
    ]});
    let spans = json!([{"scope": {"name": "boxoffice"}, "spans": spans}]);
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": spans}]})
}

fn encode(span: &Span) -> Value {
    let nanos = |at: DateTime<Utc>| at.timestamp_nanos_opt().unwrap_or_default().to_string();
    let link = |to: &Trace| json!({"traceId": to.trace_id(), "spanId": to.span_id()});
    let attributes = span.attributes.iter().map(|(name, value)| attribute(name, value));
    json!({
        "traceId": span.own.trace_id(),
        "spanId": span.own.span_id(),
        "parentSpanId": span.parent.map(Trace::span_id).unwrap_or_default(),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": nanos(span.begun),
        "endTimeUnixNano": nanos(clock::now()),
        "attributes": attributes.collect::<Vec<_>>(),
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
    })
}

fn attribute(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"stringValue": value}})
}
