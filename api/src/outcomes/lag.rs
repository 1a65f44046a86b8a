//! The lag of each queue: how old requests were when their outcome arrived, and how long the
//! requests that this process has sent have waited. The second also grows when no worker decides
//! anything.

use std::collections::VecDeque;

use booking::messages::Progress;
use chrono::{DateTime, TimeDelta, Utc};
use dashmap::DashMap;

/// The weight of a new observation in the average.
const WEIGHT: f64 = 0.3;
/// An observation that is older than this does not count.
const STALE: TimeDelta = TimeDelta::seconds(10);
/// The estimate for a queue without observations: it is taken for empty.
const QUICK_MS: u32 = 50;
/// Requests that were sent within this time are remembered as one.
const GRAIN: TimeDelta = TimeDelta::milliseconds(20);
/// The most that is remembered of the requests that wait in one queue.
const WAITING_MAX: usize = 4_096;
/// How often a request is let into a queue with too much lag, to find out whether it moves again.
const PROBE: TimeDelta = TimeDelta::seconds(1);

#[derive(Debug, Default)]
pub(crate) struct QueueLags {
    queues: DashMap<String, QueueLag>,
}

#[derive(Debug, Default)]
struct QueueLag {
    smoothed_ms: f64,
    seen_at: Option<DateTime<Utc>>,
    /// When the requests without an outcome were accepted, oldest first.
    waiting: VecDeque<DateTime<Utc>>,
    /// Requests that were accepted until then are decided.
    decided_until: Option<DateTime<Utc>>,
    probed_at: Option<DateTime<Utc>>,
}

impl QueueLags {
    /// Notes the outcome of a transaction that arrived now.
    pub(crate) fn note_progress(&self, progress: &Progress, now: DateTime<Utc>) {
        self.update_lag(&progress.queue, |lag| lag.note_progress(progress, now));
    }

    /// Notes that the broker has a request that was accepted at this time.
    pub(crate) fn note_sent(&self, queue: &str, accepted_at: DateTime<Utc>) {
        self.update_lag(queue, |lag| lag.note_sent(accepted_at));
    }

    /// The lag in milliseconds if it is so large that a new request should not join the queue. One
    /// request a second may join nevertheless: without it, no outcome would show that the queue
    /// moves again.
    pub(crate) fn is_behind(
        &self,
        queue: &str,
        lag_max_ms: u32,
        now: DateTime<Utc>,
    ) -> Option<u32> {
        // The usual case needs only a shared lock, so that requests do not wait for each other.
        let behind_ms = self.queues.get(queue)?.behind_ms(now);
        if behind_ms <= lag_max_ms {
            return None;
        }
        self.update_lag(queue, |lag| (!lag.probe(now)).then_some(behind_ms))
    }

    /// How long a new request in that queue will wait for its outcome, by recent observations.
    pub(crate) fn eta_ms(&self, queue: &str, now: DateTime<Utc>) -> u32 {
        self.queues.get(queue).map_or(QUICK_MS, |lag| lag.eta_ms(now))
    }

    /// The same for a request whose queue is not known: the longest of all.
    pub(crate) fn longest_eta_ms(&self, now: DateTime<Utc>) -> u32 {
        self.queues.iter().map(|lag| lag.eta_ms(now)).max().unwrap_or(QUICK_MS)
    }

    fn update_lag<T>(&self, queue: &str, act: impl FnOnce(&mut QueueLag) -> T) -> T {
        if let Some(mut lag) = self.queues.get_mut(queue) {
            return act(&mut lag);
        }
        act(&mut self.queues.entry(queue.to_owned()).or_default())
    }

    /// How long the oldest request of this process without an outcome has waited.
    pub(crate) fn oldest_ms(&self, queue: &str, now: DateTime<Utc>) -> u32 {
        self.queues.get(queue).map_or(0, |lag| lag.behind_ms(now))
    }
}

impl QueueLag {
    fn note_progress(&mut self, progress: &Progress, now: DateTime<Utc>) {
        let lag_ms = ms_between(progress.oldest_accepted_at, now);
        let before = if self.is_stale(now) { f64::from(lag_ms) } else { self.smoothed_ms };
        self.smoothed_ms = before + WEIGHT * (f64::from(lag_ms) - before);
        self.seen_at = Some(now);
        let until = self.decided_until.max(Some(progress.newest_accepted_at));
        self.decided_until = until;
        while self.waiting.front().is_some_and(|accepted_at| Some(*accepted_at) <= until) {
            self.waiting.pop_front();
        }
    }

    fn note_sent(&mut self, accepted_at: DateTime<Utc>) {
        // Its outcome may have arrived before the publisher confirm.
        let is_decided = self.decided_until.is_some_and(|until| accepted_at <= until);
        let is_counted = self.waiting.back().is_some_and(|last| accepted_at - *last < GRAIN);
        if !is_decided && !is_counted && self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(accepted_at);
        }
    }

    fn behind_ms(&self, now: DateTime<Utc>) -> u32 {
        self.waiting.front().map_or(0, |accepted_at| ms_between(*accepted_at, now))
    }

    fn probe(&mut self, now: DateTime<Utc>) -> bool {
        let is_time = self.probed_at.is_none_or(|probed_at| now - probed_at >= PROBE);
        if is_time {
            self.probed_at = Some(now);
        }
        is_time
    }

    fn eta_ms(&self, now: DateTime<Utc>) -> u32 {
        let seen_ms = if self.is_stale(now) { 0 } else { self.smoothed_ms as u32 };
        seen_ms.max(self.behind_ms(now)).max(QUICK_MS)
    }

    fn is_stale(&self, now: DateTime<Utc>) -> bool {
        self.seen_at.is_none_or(|seen_at| now - seen_at > STALE)
    }
}

/// Zero if `to` is earlier: clocks differ.
fn ms_between(from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
    (to - from).num_milliseconds().clamp(0, i64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "requests.00";

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
    }

    fn progress(queue: &str, oldest_ms: i64, newest_ms: i64) -> Progress {
        let mut progress = Progress::new(queue, at(oldest_ms));
        progress.add(at(newest_ms));
        progress
    }

    #[test]
    fn the_estimate_follows_the_queue_and_is_forgotten() {
        let lags = QueueLags::default();
        assert_eq!(lags.eta_ms(QUEUE, at(0)), QUICK_MS);
        lags.note_progress(&progress(QUEUE, 0, 0), at(4_000));
        assert_eq!(lags.eta_ms(QUEUE, at(4_000)), 4_000);
        for step in 1..=20 {
            lags.note_progress(&progress(QUEUE, 4_000, 4_000), at(4_000 + step));
        }
        assert!(lags.eta_ms(QUEUE, at(4_020)) < 100, "it caught up");
        lags.note_progress(&progress("requests.01", 4_000, 4_000), at(6_000));
        assert_eq!(lags.longest_eta_ms(at(6_000)), 2_000);
        assert_eq!(lags.longest_eta_ms(at(60_000)), QUICK_MS);
    }

    #[test]
    fn clocks_that_differ_never_give_a_negative_wait() {
        let lags = QueueLags::default();
        lags.note_progress(&progress("payments.00", 5_000, 5_000), at(0));
        assert_eq!(lags.eta_ms("payments.00", at(0)), QUICK_MS);
        lags.note_sent("payments.00", at(6_000));
        assert_eq!(lags.is_behind("payments.00", 0, at(0)), None);
    }

    #[test]
    fn a_queue_that_nobody_works_on_is_behind_until_its_requests_are_decided() {
        let lags = QueueLags::default();
        for ms in 0..1_000 {
            lags.note_sent(QUEUE, at(ms));
        }
        assert_eq!(lags.is_behind(QUEUE, 5_000, at(5_000)), None, "not longer than the limit");
        assert_eq!(lags.is_behind(QUEUE, 5_000, at(5_500)), None, "the first one is a probe");
        assert_eq!(lags.is_behind(QUEUE, 5_000, at(5_600)), Some(5_600));
        assert_eq!(lags.eta_ms(QUEUE, at(5_600)), 5_600);
        lags.note_progress(&progress(QUEUE, 0, 500), at(5_700));
        let behind = lags.is_behind(QUEUE, 5_000, at(5_700));
        assert!(behind.is_some_and(|ms| (5_100..=5_300).contains(&ms)), "{behind:?}");
        lags.note_progress(&progress(QUEUE, 501, 999), at(5_800));
        assert_eq!(lags.is_behind(QUEUE, 5_000, at(60_000)), None);
    }

    #[test]
    fn an_outcome_that_overtakes_the_confirm_leaves_nothing_waiting() {
        let lags = QueueLags::default();
        lags.note_progress(&progress(QUEUE, 100, 100), at(105));
        lags.note_sent(QUEUE, at(100));
        assert_eq!(lags.is_behind(QUEUE, 5_000, at(60_000)), None);
    }

    #[test]
    fn a_missed_outcome_is_made_good_by_the_next_one() {
        let lags = QueueLags::default();
        lags.note_sent(QUEUE, at(0));
        lags.note_sent(QUEUE, at(30_000));
        lags.note_progress(&progress(QUEUE, 30_000, 30_000), at(30_010));
        assert_eq!(lags.is_behind(QUEUE, 5_000, at(40_000)), None);
    }
}
