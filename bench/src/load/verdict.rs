//! Decides whether a rate was sustained, and searches for the highest rate that is.

use serde::Serialize;

use super::summary::Summary;

/// The p95 latency of a sustained rate is below this.
const P95_MAX_MS: f64 = 1_000.0;
/// The share of the due requests that must be decided within the step.
const DECIDED_MIN: f64 = 0.99;

/// Whether a rate was sustained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sustained {
    pub yes: bool,
    /// The reason, if it was not sustained.
    pub because: Option<String>,
}

/// Judges a step. `in_flight` holds the number of requests in flight at regular times of the
/// window.
pub fn sustained(summary: &Summary, rate: f64, in_flight: &[usize], overran: bool) -> Sustained {
    let because = if overran {
        Some("too many were in flight, and the step was broken off".to_owned())
    } else {
        broken_rule(summary, rate, in_flight)
    };
    Sustained { yes: because.is_none(), because }
}

fn broken_rule(summary: &Summary, rate: f64, in_flight: &[usize]) -> Option<String> {
    let counts = &summary.counts;
    let decided = summary.decided_in_window as f64 / (rate * summary.length_s).max(1.0);
    let p95_ms = summary.decided.map_or(f64::INFINITY, |latency| latency.p95_ms);
    if decided < DECIDED_MIN {
        return Some(format!("{:.1} % were decided within the step", 100.0 * decided));
    }
    if counts.decided() < counts.all() {
        let without = counts.all() - counts.decided();
        return Some(format!("{without} had no decision"));
    }
    if p95_ms >= P95_MAX_MS {
        return Some(format!("p95 was {p95_ms:.0} ms"));
    }
    grows(in_flight, rate).then(|| "the backlog grew".to_owned())
}

/// Whether the number in flight grew between the first and the last quarter by more than noise: by
/// more than half, and by more than a tenth of a second's requests.
fn grows(in_flight: &[usize], rate: f64) -> bool {
    let quarter = in_flight.len() / 4;
    if quarter == 0 {
        return false;
    }
    let mean = |part: &[usize]| part.iter().sum::<usize>() as f64 / part.len() as f64;
    let first = mean(&in_flight[..quarter]);
    let last = mean(&in_flight[in_flight.len() - quarter..]);
    last > 1.5 * first + 0.1 * rate
}

/// A search for the highest sustained rate: doubles the rate, then halves the interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    good: f64,
    bad: Option<f64>,
    start: f64,
    max: f64,
}

/// The search ends when the best and the worst rate differ by less than this factor.
const CLOSE: f64 = 1.04;
/// The search tries no lower rate.
const RATE_MIN: f64 = 10.0;

impl Search {
    pub fn new(start: f64, max: f64) -> Self {
        Self { good: 0.0, bad: None, start, max }
    }

    /// The next rate to try. None when the search is over.
    pub fn next_rate(&self) -> Option<f64> {
        match self.bad {
            None if self.good == 0.0 => Some(self.start.min(self.max)),
            None if self.good >= self.max => None,
            None => Some((2.0 * self.good).min(self.max)),
            Some(bad) if bad <= RATE_MIN => None,
            Some(bad) if self.good == 0.0 => Some(bad / 2.0),
            Some(bad) if bad / self.good < CLOSE => None,
            Some(bad) => Some(f64::midpoint(self.good, bad).round()),
        }
    }

    /// Records whether a rate was sustained.
    pub fn note(&mut self, rate: f64, was_sustained: bool) {
        if was_sustained {
            self.good = self.good.max(rate);
        } else {
            self.bad = Some(self.bad.map_or(rate, |bad| bad.min(rate)));
        }
    }

    pub fn best(&self) -> Option<f64> {
        (self.good > 0.0).then_some(self.good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Counts, Quantiles};

    fn summary(p95_ms: f64, won: u64, in_window: u64) -> Summary {
        let latency = Quantiles {
            p50_ms: 1.0,
            p90_ms: p95_ms,
            p95_ms,
            p99_ms: p95_ms,
            p999_ms: p95_ms,
            max_ms: p95_ms,
        };
        Summary {
            name: String::new(),
            warmup_s: 0.0,
            length_s: 10.0,
            counts: Counts { won, ..Counts::default() },
            all: Counts::default(),
            decided_in_window: in_window,
            decided: Some(latency),
            won: Some(latency),
            refused: None,
            seconds: Vec::new(),
        }
    }

    fn is_sustained(summary: &Summary, in_flight: &[usize]) -> bool {
        sustained(summary, 100.0, in_flight, false).yes
    }

    #[test]
    fn a_sustained_rate_is_quick_complete_and_has_no_growing_backlog() {
        let steady = [10; 20];
        assert!(is_sustained(&summary(999.0, 1_000, 991), &steady));
        assert!(!is_sustained(&summary(1_000.0, 1_000, 991), &steady));
        assert!(!is_sustained(&summary(5.0, 1_000, 985), &steady));
        let rising: Vec<usize> = (0..20).map(|n| 10 + 3 * n).collect();
        assert!(!is_sustained(&summary(5.0, 1_000, 1_000), &rising));
        let mut lost = summary(5.0, 1_000, 1_000);
        lost.counts.timed_out = 1;
        assert!(!is_sustained(&lost, &steady));
        assert!(!sustained(&summary(5.0, 1_000, 1_000), 100.0, &steady, true).yes);
    }

    #[test]
    fn the_search_finds_the_edge_from_either_side() {
        for (start, edge) in [(1_000.0, 17_300.0), (40_000.0, 17_300.0), (500.0, 510.0)] {
            let mut search = Search::new(start, 200_000.0);
            let mut steps = 0;
            while let Some(rate) = search.next_rate() {
                search.note(rate, rate <= edge);
                steps += 1;
                assert!(steps < 30, "it ends");
            }
            let best = search.best().unwrap();
            assert!(best <= edge && best > 0.95 * edge, "{best} for {edge}");
        }
    }

    #[test]
    fn the_search_ends_where_nothing_or_everything_is_sustained() {
        let mut hopeless = Search::new(1_000.0, 2_000.0);
        while let Some(rate) = hopeless.next_rate() {
            hopeless.note(rate, false);
        }
        assert_eq!(hopeless.best(), None);
        let mut easy = Search::new(1_000.0, 3_000.0);
        while let Some(rate) = easy.next_rate() {
            easy.note(rate, true);
        }
        assert_eq!(easy.best(), Some(3_000.0));
    }
}
