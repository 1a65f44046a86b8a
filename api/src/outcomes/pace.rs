//! How far behind each queue is, from how old requests were when their outcome came.

use std::time::Duration;

use chrono::{DateTime, Utc};
use dashmap::DashMap;

/// How much a new observation counts.
const WEIGHT: f64 = 0.3;
/// An observation that is older than this says nothing any more.
const STALE: Duration = Duration::from_secs(10);
/// An estimate where nothing is known: a queue that is empty.
const QUICK_MS: u32 = 50;

/// The lag of every queue that was heard of lately.
#[derive(Debug, Default)]
pub struct Pace {
    queues: DashMap<String, Lag>,
}

#[derive(Debug, Clone, Copy)]
struct Lag {
    smoothed_ms: f64,
    seen_at: DateTime<Utc>,
}

impl Pace {
    /// A transaction of that queue told its outcome now; its oldest request was accepted then.
    pub fn note(&self, queue: &str, accepted_at: DateTime<Utc>, now: DateTime<Utc>) {
        let lag_ms = (now - accepted_at).num_milliseconds().max(0) as f64;
        if let Some(mut lag) = self.queues.get_mut(queue) {
            let stale = is_stale(&lag, now);
            let before = if stale { lag_ms } else { lag.smoothed_ms };
            *lag = Lag { smoothed_ms: before + WEIGHT * (lag_ms - before), seen_at: now };
            return;
        }
        self.queues.insert(queue.to_owned(), Lag { smoothed_ms: lag_ms, seen_at: now });
    }

    /// How long a request will wait in that queue for its outcome, by what was seen lately.
    pub fn eta_ms(&self, queue: &str, now: DateTime<Utc>) -> u32 {
        self.queues.get(queue).map_or(QUICK_MS, |lag| estimate(&lag, now))
    }

    /// The same for a request whose queue is not known: the longest of all.
    pub fn longest_eta_ms(&self, now: DateTime<Utc>) -> u32 {
        self.queues.iter().map(|lag| estimate(&lag, now)).max().unwrap_or(QUICK_MS)
    }
}

fn is_stale(lag: &Lag, now: DateTime<Utc>) -> bool {
    (now - lag.seen_at).to_std().is_ok_and(|age| age > STALE)
}

fn estimate(lag: &Lag, now: DateTime<Utc>) -> u32 {
    if is_stale(lag, now) { QUICK_MS } else { (lag.smoothed_ms as u32).max(QUICK_MS) }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_estimate_follows_the_queue_and_is_forgotten() {
        let (pace, start) = (Pace::default(), DateTime::UNIX_EPOCH);
        let at = |ms| start + TimeDelta::milliseconds(ms);
        assert_eq!(pace.eta_ms("requests.00", start), QUICK_MS);
        pace.note("requests.00", at(0), at(4_000));
        assert_eq!(pace.eta_ms("requests.00", at(4_000)), 4_000);
        for step in 1..=20 {
            pace.note("requests.00", at(4_000), at(4_000 + step));
        }
        assert!(pace.eta_ms("requests.00", at(4_020)) < 100, "it caught up");
        pace.note("requests.01", at(4_000), at(6_000));
        assert_eq!(pace.longest_eta_ms(at(6_000)), 2_000);
        assert_eq!(pace.longest_eta_ms(at(60_000)), QUICK_MS);
    }

    #[test]
    fn clocks_that_differ_never_give_a_negative_wait() {
        let (pace, now) = (Pace::default(), DateTime::UNIX_EPOCH);
        pace.note("payments.00", now + TimeDelta::seconds(5), now);
        assert_eq!(pace.eta_ms("payments.00", now), QUICK_MS);
    }
}
