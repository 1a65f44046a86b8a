//! The results of a run, in numbers.

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

/// The outcomes of one second.
#[derive(Debug, Clone, Serialize)]
pub struct Second {
    /// Counted from the start of the run.
    pub second: u64,
    pub counts: Counts,
    /// Latencies of the requests decided in it.
    pub latency: Option<Quantiles>,
}

/// The requests of one kind in one run.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub name: String,
    pub warmup_s: f64,
    pub length_s: f64,
    /// Requests that were due in the window.
    pub counts: Counts,
    /// All requests, including those of the warm-up.
    pub all: Counts,
    pub decided_in_window: u64,
    /// Latencies of wins and refusals together.
    pub decided: Option<Quantiles>,
    pub won: Option<Quantiles>,
    pub refused: Option<Quantiles>,
    /// Every second, including the warm-up.
    pub seconds: Vec<Second>,
}

impl Summary {
    pub fn decided_per_s(&self) -> f64 {
        if self.length_s > 0.0 { self.decided_in_window as f64 / self.length_s } else { 0.0 }
    }
}
