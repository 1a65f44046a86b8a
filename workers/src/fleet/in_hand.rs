//! The work that this worker has in hand, and its age, which shows first that a queue falls behind.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use booking::messages::QueueReport;
use chrono::{DateTime, Utc};
use process::clock;
use process::telemetry::metrics::gauge;
use process::telemetry::names;

use crate::metrics::seconds;

/// What this process has in hand of one queue, and what it has handled.
#[derive(Debug, Default)]
struct Queue {
    /// Subscribed, or with unfinished work.
    working: bool,
    /// The number of requests of each piece of work, and when the oldest of them was accepted. The
    /// key is [`InHand::number`].
    work: BTreeMap<u64, (usize, DateTime<Utc>)>,
    handled: u64,
    /// When work was finished last.
    last: Option<Instant>,
}

impl Queue {
    fn requests(&self) -> u32 {
        self.work.values().map(|(requests, _)| *requests as u32).sum()
    }
}

static IN_HAND: LazyLock<Mutex<HashMap<String, Queue>>> = LazyLock::new(Mutex::default);

fn in_hand() -> MutexGuard<'static, HashMap<String, Queue>> {
    IN_HAND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work of one queue in hand. It ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct InHand {
    queue: String,
    number: u64,
}

impl InHand {
    /// Records that requests are in hand; `oldest` is when the oldest of them was accepted.
    pub(crate) fn take(queue: &str, requests: usize, oldest: DateTime<Utc>) -> Self {
        let mut all = in_hand();
        let work = &mut all.entry(queue.to_owned()).or_default().work;
        let number = work.last_key_value().map_or(0, |(last, _)| last + 1);
        work.insert(number, (requests, oldest));
        Self { queue: queue.to_owned(), number }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        if let Some(queue) = in_hand().get_mut(&self.queue)
            && let Some((requests, _)) = queue.work.remove(&self.number)
        {
            queue.handled += requests as u64;
            queue.last = Some(Instant::now());
        }
    }
}

/// Records whether these queues are subscribed to or have unfinished work.
pub(crate) fn set_working(queues: &[&str], working: bool) {
    let mut all = in_hand();
    for queue in queues {
        all.entry((*queue).to_owned()).or_default().working = working;
    }
}

/// Reports on these queues. Queues that were never consumed here are left out.
pub(crate) fn report(queues: &[String], now: DateTime<Utc>) -> Vec<QueueReport> {
    let all = in_hand();
    queues.iter().filter_map(|name| Some(report_on(name, all.get(name)?, now))).collect()
}

fn report_on(name: &str, queue: &Queue, now: DateTime<Utc>) -> QueueReport {
    let oldest = queue.work.values().map(|(_, oldest)| *oldest).min();
    QueueReport {
        queue: name.to_owned(),
        working: queue.working,
        in_hand: queue.requests(),
        age_ms: oldest.map(|oldest| (now - oldest).num_milliseconds()),
        handled: queue.handled,
        idle_ms: queue.last.map(|last| last.elapsed().as_millis() as i64),
    }
}

/// Registers these queues, so that they have an age before their first message.
pub(crate) fn register(queues: &[String]) {
    for queue in queues {
        in_hand().entry(queue.clone()).or_default();
    }
}

pub(crate) fn requests(queue: &str) -> u32 {
    in_hand().get(queue).map_or(0, Queue::requests)
}

/// The age of a queue's oldest work in hand, in seconds; 0 if there is none.
pub(crate) fn age(queue: &str) -> f64 {
    in_hand().get(queue).map_or(0.0, |queue| oldest(queue, clock::now()))
}

/// Sets the metrics of the ages of all queues.
pub(crate) fn show_ages() {
    let now = clock::now();
    for (name, queue) in &*in_hand() {
        gauge(names::QUEUE_AGE_SECONDS, &[("queue", name.as_str())]).set(oldest(queue, now));
    }
}

fn oldest(queue: &Queue, now: DateTime<Utc>) -> f64 {
    let oldest = queue.work.values().map(|(_, accepted_at)| *accepted_at).min();
    oldest.map_or(0.0, |accepted_at| seconds(now - accepted_at))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_age_of_a_queue_is_that_of_the_oldest_work_in_hand() {
        let age = || {
            show_ages();
            gauge(names::QUEUE_AGE_SECONDS, &[("queue", "a test")]).get()
        };
        let now = clock::now();
        let old = InHand::take("a test", 2, now - TimeDelta::seconds(60));
        let new = InHand::take("a test", 2, now - TimeDelta::seconds(30));
        assert!((60.0..90.0).contains(&age()));
        drop(old);
        assert!((30.0..60.0).contains(&age()));
        drop(new);
        assert!(age().abs() < f64::EPSILON);
        let report = report(&["a test".to_owned(), "never here".to_owned()], now);
        assert_eq!(report.len(), 1);
        assert_eq!((report[0].in_hand, report[0].age_ms, report[0].handled), (0, None, 4));
    }
}
