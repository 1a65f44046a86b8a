//! When requests are due. The load is an open loop: requests are sent on schedule, whether or not
//! earlier ones were answered. Latency counts from the time at which a request was due.

use std::time::{Duration, Instant};

/// Arrivals at a constant rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrivals {
    /// Requests per second.
    pub rate: f64,
    pub count: u64,
}

impl Arrivals {
    /// Arrivals at this rate for this long.
    pub fn lasting(rate: f64, length: Duration) -> Self {
        Self { rate, count: (rate * length.as_secs_f64()).round() as u64 }
    }

    /// When a request is due, counted from the start. `number` begins at 0.
    pub fn due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.rate)
    }

    /// How many requests are due after this time.
    pub fn due_by(&self, elapsed: Duration) -> u64 {
        let due = (elapsed.as_secs_f64() * self.rate).floor() as u64 + 1;
        due.min(self.count)
    }
}

/// The part of a run that is measured. It begins after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Start of the run, before the warm-up.
    pub start: Instant,
    pub warmup: Duration,
    pub length: Duration,
}

impl Window {
    /// Whether a request that was due at this time is measured.
    pub fn contains(&self, due: Instant) -> bool {
        (self.opens()..self.closes()).contains(&due)
    }

    pub fn opens(&self) -> Instant {
        self.start + self.warmup
    }

    pub fn closes(&self) -> Instant {
        self.opens() + self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_come_evenly_and_end() {
        let arrivals = Arrivals::lasting(1_000.0, Duration::from_secs(2));
        assert_eq!(arrivals.count, 2_000);
        assert_eq!(arrivals.due(0), Duration::ZERO);
        assert_eq!(arrivals.due(500), Duration::from_millis(500));
        assert_eq!(arrivals.due_by(Duration::ZERO), 1);
        assert_eq!(arrivals.due_by(Duration::from_millis(10)), 11);
        assert_eq!(arrivals.due_by(Duration::from_secs(9)), 2_000);
    }

    #[test]
    fn what_was_due_in_the_warm_up_does_not_count() {
        let start = Instant::now();
        let warmup = Duration::from_secs(1);
        let length = Duration::from_secs(2);
        let window = Window { start, warmup, length };
        assert!(!window.contains(start));
        assert!(window.contains(start + warmup));
        assert!(!window.contains(start + warmup + length));
    }
}
