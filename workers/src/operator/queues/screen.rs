//! What the screen says: pure, from what was found.

use std::fmt::Write;
use std::time::Duration;

use booking::domain::WorkerPool;
use booking::messages::PoolOrder;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::operator::pools::describe;

/// A request that is older when it is still in hand makes its queue one that lags.
const LAG_MS: i64 = 2_000;

/// Everything on the screen.
#[derive(Debug, Serialize)]
pub(super) struct Screen {
    at: DateTime<Utc>,
    /// What to look at first, and what to do.
    findings: Vec<String>,
    pools: Vec<PoolView>,
    queues: Vec<QueueView>,
    /// Messages in the delay queues, each for one or more holds.
    delayed_messages: u32,
    dead_letters: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct PoolView {
    pub(super) pool: WorkerPool,
    /// Processes that answer.
    pub(super) workers: usize,
    pub(super) paused: bool,
    /// The last order; none where there never was one, or the database does not answer.
    pub(super) order: Option<PoolOrder>,
}

/// A queue of a pool.
#[derive(Debug, Serialize)]
pub(super) struct QueueView {
    pub(super) pool: WorkerPool,
    pub(super) queue: String,
    pub(super) is_missing: bool,
    /// Messages that wait in it; an envelope has one request or more.
    pub(super) ready: u32,
    pub(super) consumers: u32,
    /// Requests that workers have taken and not acked.
    pub(super) in_hand: u32,
    /// How long ago the oldest of these was accepted or fell due.
    pub(super) age_ms: Option<i64>,
    /// Requests that the workers of now have handled since they started.
    pub(super) handled: u64,
    /// Who has it, or had it last.
    pub(super) worker: Option<String>,
}

impl Screen {
    /// The screen, with its findings.
    pub(super) fn new(
        at: DateTime<Utc>,
        pools: Vec<PoolView>,
        queues: Vec<QueueView>,
        delayed_messages: u32,
        dead_letters: u32,
    ) -> Self {
        let findings = findings(&pools, &queues, dead_letters);
        Self { at, findings, pools, queues, delayed_messages, dead_letters }
    }

    /// Requests a second that each queue's workers have handled since an earlier screen.
    pub(super) fn rates(&self, before: &Self, passed: Duration) -> Vec<f64> {
        self.queues.iter().map(|queue| before.rate_until(queue, passed)).collect()
    }

    fn rate_until(&self, queue: &QueueView, passed: Duration) -> f64 {
        let old = self.queues.iter().find(|old| old.queue == queue.queue);
        let handled = queue.handled.saturating_sub(old.map_or(0, |old| old.handled));
        handled as f64 / passed.as_secs_f64().max(0.001)
    }

    /// For people.
    pub(super) fn text(&self, rates: Option<&[f64]>) -> String {
        let mut text = format!("{}\n", self.at.format("%Y-%m-%d %H:%M:%SZ"));
        for finding in &self.findings {
            let _ = writeln!(text, "! {finding}");
        }
        if self.findings.is_empty() {
            text.push_str("nothing stands out\n");
        }
        let _ = write!(text, "\n{:<14} {:>7} {:>9}", "QUEUE", "WAITING", "CONSUMERS");
        let _ = writeln!(text, " {:>8} {:>8} {:>9}  WORKER", "IN HAND", "AGE s", "PER s");
        for (number, queue) in self.queues.iter().enumerate() {
            let age = queue.age_ms.map_or("-".to_owned(), |ms| format!("{:.1}", ms as f64 / 1e3));
            let rate = rates.map_or("-".to_owned(), |rates| format!("{:.0}", rates[number]));
            let worker =
                queue.worker.as_deref().map_or("-", |worker| &worker[..worker.len().min(8)]);
            let QueueView { queue, ready, consumers, in_hand, .. } = queue;
            let _ = write!(text, "{queue:<14} {ready:>7} {consumers:>9}");
            let _ = writeln!(text, " {in_hand:>8} {age:>8} {rate:>9}  {worker}");
        }
        let _ = writeln!(text, "{:<14} {:>7}", "holds.delay.*", self.delayed_messages);
        let _ = writeln!(text, "{:<14} {:>7}\n", "dead-letters", self.dead_letters);
        for pool in &self.pools {
            let state = if pool.paused { "PAUSED" } else { "works" };
            let _ = writeln!(text, "{:<14} {:>7} workers, {state}", pool.pool.name(), pool.workers);
        }
        text.trim_end().to_owned()
    }
}

fn findings(pools: &[PoolView], queues: &[QueueView], dead_letters: u32) -> Vec<String> {
    let mut findings = Vec::new();
    for pool in pools {
        let name = pool.pool.name();
        if pool.paused {
            let words = pool.order.as_ref().map_or_else(|| format!("{name}: PAUSED"), describe);
            findings.push(format!("{words} (go on: workers pools resume {name})"));
        }
        if pool.workers == 0 {
            findings.push(format!("{name}: no worker answers (start one: workers {name})"));
        }
    }
    for queue in queues {
        let QueueView { queue: name, ready, in_hand, .. } = queue;
        let paused = pools.iter().any(|pool| pool.pool == queue.pool && pool.paused);
        if queue.is_missing {
            findings.push(format!("{name} is missing (make it: workers topology apply)"));
        } else if queue.consumers == 0 && *ready > 0 && !paused {
            findings.push(format!("{name}: {ready} wait and nobody consumes it"));
        }
        if let Some(age) = queue.age_ms.filter(|age| *age >= LAG_MS) {
            let worker = queue.worker.as_deref().unwrap_or("unknown");
            findings.push(format!(
                "{name} lags: {in_hand} requests in hand of worker {worker}, the oldest {:.1} s \
                 old, and {ready} messages wait",
                age as f64 / 1e3
            ));
        }
    }
    if dead_letters > 0 {
        findings.push(format!("{dead_letters} dead letters (look: workers dead-letters list)"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str, ready: u32, consumers: u32, age_ms: Option<i64>) -> QueueView {
        QueueView {
            pool: WorkerPool::Reservations,
            queue: name.to_owned(),
            is_missing: false,
            ready,
            consumers,
            in_hand: u32::from(age_ms.is_some()),
            age_ms,
            handled: 0,
            worker: Some("0123456789".to_owned()),
        }
    }

    fn pool(paused: bool, workers: usize) -> PoolView {
        PoolView { pool: WorkerPool::Reservations, workers, paused, order: None }
    }

    #[test]
    fn a_healthy_system_has_nothing_that_stands_out() {
        let queues = vec![queue("requests.00", 3, 1, Some(40)), queue("requests.01", 0, 1, None)];
        let screen = Screen::new(process::clock::now(), vec![pool(false, 2)], queues, 5, 0);
        assert!(screen.findings.is_empty(), "{:?}", screen.findings);
        assert!(screen.text(None).contains("nothing stands out"));
    }

    #[test]
    fn each_trouble_is_named_with_what_to_do() {
        let all = |paused, workers| {
            let queues =
                vec![queue("requests.00", 9, 0, None), queue("requests.01", 4, 1, Some(7_000))];
            findings(&[pool(paused, workers)], &queues, 2)
        };
        let trouble = all(false, 0);
        assert!(trouble.iter().any(|f| f.contains("no worker answers")), "{trouble:?}");
        assert!(trouble.iter().any(|f| f.contains("requests.00: 9 wait")), "{trouble:?}");
        assert!(trouble.iter().any(|f| f.contains("requests.01 lags") && f.contains("7.0 s")));
        assert!(trouble.iter().any(|f| f.contains("2 dead letters")), "{trouble:?}");
        let paused = all(true, 1);
        assert!(paused.iter().any(|f| f.contains("workers pools resume")), "{paused:?}");
        assert!(!paused.iter().any(|f| f.contains("nobody consumes")), "it is meant: {paused:?}");
    }
}
