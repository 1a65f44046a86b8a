//! How old the work is that this worker has in hand: the first sign that a queue falls behind.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use common::clock;
use common::telemetry::metrics::gauge;
use common::telemetry::names;

use crate::metrics::seconds;

type Queues = HashMap<String, BTreeMap<u64, DateTime<Utc>>>;

static IN_HAND: LazyLock<Mutex<Queues>> = LazyLock::new(Mutex::default);

fn in_hand() -> MutexGuard<'static, Queues> {
    IN_HAND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work of one queue that this worker has in hand, until this is dropped.
#[derive(Debug)]
pub(crate) struct InHand {
    queue: String,
    number: u64,
}

impl InHand {
    /// Takes work in hand, the oldest of which was accepted at that time.
    pub(crate) fn take(queue: &str, oldest: DateTime<Utc>) -> Self {
        let mut all = in_hand();
        let work = all.entry(queue.to_owned()).or_default();
        let number = work.last_key_value().map_or(0, |(last, _)| last + 1);
        work.insert(number, oldest);
        Self { queue: queue.to_owned(), number }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        if let Some(work) = in_hand().get_mut(&self.queue) {
            work.remove(&self.number);
        }
    }
}

/// Shows these queues from the start.
pub(crate) fn register(queues: &[String]) {
    for queue in queues {
        in_hand().entry(queue.clone()).or_default();
    }
}

/// How old the oldest work in hand of a queue is now, in seconds.
pub(crate) fn age(queue: &str) -> f64 {
    in_hand().get(queue).map_or(0.0, |work| oldest(work, clock::now()))
}

/// Shows the ages of all queues as metrics.
pub(crate) fn show_ages() {
    let now = clock::now();
    for (queue, work) in &*in_hand() {
        gauge(names::QUEUE_AGE_SECONDS, &[("queue", queue.as_str())]).set(oldest(work, now));
    }
}

fn oldest(work: &BTreeMap<u64, DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    work.values().min().map_or(0.0, |accepted_at| seconds(now - *accepted_at))
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
        let old = InHand::take("a test", now - TimeDelta::seconds(60));
        let new = InHand::take("a test", now - TimeDelta::seconds(30));
        assert!((60.0..90.0).contains(&age()));
        drop(old);
        assert!((30.0..60.0).contains(&age()));
        drop(new);
        assert!(age().abs() < f64::EPSILON);
    }
}
