//! Sends spans to a collector: OTLP over HTTP, as JSON (opentelemetry.io/docs/specs/otlp). Only
//! traced requests have spans, so one thread with a small queue is enough. Spans that do not fit or
//! cannot be sent are dropped; no request ever waits for them. The usual libraries would add forty
//! crates for this one file.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use booking::trace::Trace;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::clock;

/// Maximum spans in the queue.
const WAITING_MAX: usize = 4_096;
/// Maximum spans in one request to the collector.
const BATCH_MAX: usize = 512;
/// How long to collect spans for one request.
const GATHER: Duration = Duration::from_millis(500);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

static SPANS: OnceLock<SyncSender<Span>> = OnceLock::new();

/// The role of a span, by its number in the protocol.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Work within one process.
    Internal = 1,
    /// Answering a request.
    Server = 2,
    /// Handling a message.
    Consumer = 5,
}

/// A finished span.
#[derive(Debug)]
pub struct Span {
    /// What was done, such as `decide`.
    pub name: &'static str,
    /// The role, which decides how a collector draws it.
    pub kind: Kind,
    /// The span's own id, in its trace.
    pub own: Trace,
    /// The span that caused this one; none at the root.
    pub parent: Option<Trace>,
    /// Other traces that this work served: a batch serves many requests.
    pub links: Vec<Trace>,
    /// The start. The end is the moment at which it is handed over.
    pub begun: DateTime<Utc>,
    /// Details for the reader of the trace.
    pub attributes: Vec<(&'static str, String)>,
}

/// Starts to send this process's spans to the collector at this URL, such as
/// `http://collector:4318`. An empty URL turns it off.
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

/// Queues a finished span. Does nothing, and does not build the span, if spans are not sent.
pub fn ended(span: impl FnOnce() -> Span) {
    if let Some(spans) = SPANS.get() {
        let _full = spans.try_send(span());
    }
}

fn send_all(url: &str, service: &str, spans: &Receiver<Span>) {
    let config = ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIMEOUT)).build();
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
