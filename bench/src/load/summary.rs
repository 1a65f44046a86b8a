//! What a run came to, in numbers.

use serde::Serialize;

use super::outcome::Counts;

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

/// The answers of one second.
#[derive(Debug, Clone, Serialize)]
pub struct Second {
    /// Its number from the start of the run.
    pub second: u64,
    /// The outcomes that came in it.
    pub counts: Counts,
    /// The latencies of those that were decided in it.
    pub latency: Option<Quantiles>,
}

/// The requests of one kind in one run.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// What kind.
    pub name: String,
    /// How long the warm-up was.
    pub warmup_s: f64,
    /// How long the part was that counts.
    pub length_s: f64,
    /// Outcomes of the requests that were due in it.
    pub counts: Counts,
    /// Outcomes of all requests, warm-up included.
    pub all: Counts,
    /// Decisions that came in it.
    pub decided_in_window: u64,
    /// Latencies of wins and refusals together.
    pub decided: Option<Quantiles>,
    /// Latencies of wins.
    pub won: Option<Quantiles>,
    /// Latencies of refusals.
    pub refused: Option<Quantiles>,
    /// Second by second, warm-up included.
    pub seconds: Vec<Second>,
}

impl Summary {
    /// Decisions in a second.
    pub fn decided_per_s(&self) -> f64 {
        if self.length_s > 0.0 { self.decided_in_window as f64 / self.length_s } else { 0.0 }
    }
}
