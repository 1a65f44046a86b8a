//! Records outcomes during a run.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::arrivals::Window;
use super::outcome::{Counts, Outcome};
use super::summary::{Quantiles, Second, Summary};

/// The histogram counts longer latencies as this one.
const LATENCY_MAX_US: u64 = 300_000_000;
/// Maximum seconds of a run that are kept separately.
const SECONDS_MAX: usize = 7_200;

/// Records requests of one kind. For one thread.
#[derive(Debug)]
pub struct Recorder {
    name: String,
    window: Cell<Window>,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    counts: Counts,
    all: Counts,
    /// Those that were decided before the window closed.
    in_time: u64,
    won: Histogram<u64>,
    refused: Histogram<u64>,
    seconds: Vec<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    counts: Counts,
    latency: Histogram<u32>,
}

impl Recorder {
    pub fn new(name: &str, window: Window) -> Self {
        let state = State {
            counts: Counts::default(),
            all: Counts::default(),
            in_time: 0,
            won: histogram(3),
            refused: histogram(3),
            seconds: Vec::new(),
        };
        Self { name: name.to_owned(), window: Cell::new(window), state: RefCell::new(state) }
    }

    pub fn window(&self) -> Window {
        self.window.get()
    }

    /// Ends the window early, when the last thing that counts has happened.
    pub fn close(&self, at: Instant) {
        let window = self.window.get();
        let length = at.saturating_duration_since(window.opens());
        self.window.set(Window { length, ..window });
    }

    /// Records a request that was due at `due` and has its outcome now.
    pub fn record(&self, outcome: Outcome, due: Instant) {
        self.record_at(outcome, due, Instant::now());
    }

    /// Records a request that was due at `due` and had its outcome at `at`.
    pub fn record_at(&self, outcome: Outcome, due: Instant, at: Instant) {
        let latency_us = micros(at.saturating_duration_since(due));
        let window = self.window.get();
        let mut state = self.state.borrow_mut();
        state.all.add(outcome);
        if window.contains(due) {
            state.counts.add(outcome);
            match outcome {
                Outcome::Won => state.won.saturating_record(latency_us),
                Outcome::Refused => state.refused.saturating_record(latency_us),
                _ => {}
            }
        }
        if outcome.is_decided() && window.contains(at) {
            state.in_time += 1;
        }
        let second = at.saturating_duration_since(window.start).as_secs() as usize;
        if second < SECONDS_MAX {
            while state.seconds.len() <= second {
                state.seconds.push(Bucket { counts: Counts::default(), latency: histogram(2) });
            }
            let bucket = &mut state.seconds[second];
            bucket.counts.add(outcome);
            if outcome.is_decided() {
                bucket.latency.saturating_record(latency_us);
            }
        }
    }

    /// All outcomes so far, including the warm-up.
    pub fn all(&self) -> Counts {
        self.state.borrow().all
    }

    /// The last whole second before now.
    pub fn last_second(&self) -> Option<Second> {
        let state = self.state.borrow();
        let second = (self.window.get().start.elapsed().as_secs() as usize).checked_sub(1)?;
        state.seconds.get(second).map(|bucket| bucket.second(second))
    }

    pub fn summary(&self) -> Summary {
        let window = self.window.get();
        let state = self.state.borrow();
        let seconds = state.seconds.iter().enumerate();
        let mut decided = state.won.clone();
        decided.add(&state.refused).expect("both have the same bounds");
        Summary {
            name: self.name.clone(),
            warmup_s: window.warmup.as_secs_f64(),
            length_s: window.length.as_secs_f64(),
            counts: state.counts,
            all: state.all,
            decided_in_window: state.in_time,
            decided: quantiles(&decided),
            won: quantiles(&state.won),
            refused: quantiles(&state.refused),
            seconds: seconds.map(|(number, bucket)| bucket.second(number)).collect(),
        }
    }
}

impl Bucket {
    fn second(&self, number: usize) -> Second {
        Second { second: number as u64, counts: self.counts, latency: quantiles(&self.latency) }
    }
}

fn histogram<T: hdrhistogram::Counter>(significant_digits: u8) -> Histogram<T> {
    Histogram::new_with_bounds(1, LATENCY_MAX_US, significant_digits).expect("sound bounds")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1)
}

fn quantiles<T: hdrhistogram::Counter>(histogram: &Histogram<T>) -> Option<Quantiles> {
    let at = |q| histogram.value_at_quantile(q) as f64 / 1_000.0;
    (!histogram.is_empty()).then(|| Quantiles {
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        max_ms: histogram.max() as f64 / 1_000.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder() -> Recorder {
        let start = Instant::now();
        let warmup = Duration::from_secs(1);
        let length = Duration::from_secs(10);
        Recorder::new("a test", Window { start, warmup, length })
    }

    #[test]
    fn latency_counts_from_when_a_request_was_due() {
        let recorder = recorder();
        let due = recorder.window().opens();
        for ms in 1..=100 {
            recorder.record_at(Outcome::Won, due, due + Duration::from_millis(ms));
        }
        let won = recorder.summary().won.unwrap();
        assert!((won.p50_ms - 50.0).abs() < 0.1, "{won:?}");
        assert!((won.p95_ms - 95.0).abs() < 0.1, "{won:?}");
        assert!((won.max_ms - 100.0).abs() < 0.2, "{won:?}");
    }

    #[test]
    fn the_warm_up_is_left_out_of_the_counts_but_not_of_the_plot() {
        let recorder = recorder();
        let window = recorder.window();
        recorder.record_at(Outcome::Won, window.start, window.start);
        recorder.record_at(Outcome::Refused, window.opens(), window.opens());
        let summary = recorder.summary();
        assert_eq!((summary.counts.won, summary.counts.refused), (0, 1));
        assert_eq!((summary.all.won, summary.all.refused), (1, 1));
        assert_eq!(summary.seconds.len(), 2);
    }

    #[test]
    fn answers_after_the_window_do_not_count_as_its_throughput() {
        let recorder = recorder();
        let due = recorder.window().opens();
        recorder.record_at(Outcome::Won, due, due);
        recorder.record_at(Outcome::Won, due, recorder.window().closes());
        let summary = recorder.summary();
        assert_eq!((summary.counts.won, summary.decided_in_window), (2, 1));
    }
}
