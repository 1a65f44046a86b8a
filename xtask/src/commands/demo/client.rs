//! A buyer's HTTP client. It repeats unanswered requests with the same idempotency key, and obeys
//! `Retry-After`.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// The preference to wait 10 s for the outcome.
const WAIT_SECONDS: &str = "wait=10";
const RETRY_DELAY_MAX: Duration = Duration::from_secs(3);

/// A client for one system, which gives up at a deadline.
pub(super) struct Client {
    agent: Agent,
    base: String,
    deadline: Instant,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) location: Option<String>,
}

impl Answer {
    /// A text field of the body; empty if the body does not have it.
    pub(super) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }

    /// The answer's `Location`, or this path if it has none.
    pub(super) fn path_or(&self, path: String) -> String {
        self.location.clone().unwrap_or(path)
    }
}

impl Client {
    pub(super) fn new(base: String, deadline: Instant) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(15)))
            .http_status_as_error(false)
            .proxy(None)
            .max_idle_connections_per_host(64)
            .build();
        Self { agent: config.into(), base, deadline }
    }

    /// Fails at once if nothing answers: a system that does not run is not waited for.
    pub(super) fn greet(&self) -> Result<()> {
        match self.agent.get(self.url("/livez")).call() {
            Ok(answer) if answer.status() == 200 => Ok(()),
            Ok(answer) => bail!("{}/livez answers {}", self.base, answer.status()),
            Err(error) => {
                bail!("nothing at {} ({error}): start it with cargo xtask dev", self.base)
            }
        }
    }

    pub(super) fn get(&self, path: &str) -> Result<Answer> {
        self.send(path, || Request::get(self.url(path)).body(String::new()))
    }

    pub(super) fn delete(&self, path: &str) -> Result<Answer> {
        self.send(path, || Request::delete(self.url(path)).body(String::new()))
    }

    /// The idempotency key makes it safe to repeat the request.
    pub(super) fn post(&self, path: &str, body: &Value, key: &str) -> Result<Answer> {
        self.send(path, || {
            Request::post(self.url(path))
                .header("content-type", "application/json")
                .header("idempotency-key", key)
                .header("prefer", WAIT_SECONDS)
                .body(body.to_string())
        })
    }

    /// Reads until `is_done` accepts the status in the answer.
    pub(super) fn follow(&self, path: &str, is_done: impl Fn(&str) -> bool) -> Result<Answer> {
        loop {
            let asked = Instant::now();
            let answer = self.send(path, || {
                Request::get(self.url(path)).header("prefer", WAIT_SECONDS).body(String::new())
            })?;
            if answer.status != 200 || is_done(answer.text("status")) {
                return Ok(answer);
            }
            // A server may answer without waiting; this prevents a tight loop.
            thread::sleep(Duration::from_millis(100).saturating_sub(asked.elapsed()));
        }
    }

    fn send(
        &self,
        path: &str,
        request: impl Fn() -> ureq::http::Result<Request<String>>,
    ) -> Result<Answer> {
        let mut delay = Duration::from_millis(100);
        loop {
            let trouble = match self.agent.run(request()?) {
                Ok(response) if matches!(response.status().as_u16(), 429 | 503) => {
                    delay = retry_after(&response).unwrap_or(delay);
                    format!("{} {}", path, response.status())
                }
                Ok(response) => return read(response),
                Err(error) => format!("{path}: {error}"),
            };
            delay = delay.min(RETRY_DELAY_MAX);
            if Instant::now() + delay >= self.deadline {
                bail!("no answer in time: {trouble}");
            }
            thread::sleep(delay);
            delay *= 2;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn read(mut response: Response<Body>) -> Result<Answer> {
    let location = response.headers().get("location").and_then(|value| value.to_str().ok());
    let location = location.map(str::to_owned);
    let text = response.body_mut().read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status: response.status().as_u16(), body, location })
}

fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
