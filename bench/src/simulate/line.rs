//! Requests that wait, and how long they did.

use std::collections::VecDeque;
use std::fmt;

use hdrhistogram::Histogram;

/// First come, first served. Requests of the same millisecond form a group.
#[derive(Debug, Default)]
pub(super) struct WaitingLine {
    groups: VecDeque<Group>,
    length: u64,
}

/// Requests that arrived at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// The arrival, in milliseconds.
    pub(super) since: u64,
    pub(super) count: u64,
}

impl WaitingLine {
    pub(super) fn join(&mut self, group: Group) {
        self.length += group.count;
        match self.groups.back_mut() {
            Some(last) if last.since == group.since => last.count += group.count,
            _ if group.count > 0 => self.groups.push_back(group),
            _ => {}
        }
    }

    /// Takes up to `most` requests from the front.
    pub(super) fn take(&mut self, most: u64) -> Vec<Group> {
        let mut taken = Vec::new();
        let mut left = most.min(self.length);
        self.length -= left;
        while left > 0 {
            let Some(first) = self.groups.front_mut() else { break };
            let count = first.count.min(left);
            taken.push(Group { since: first.since, count });
            (first.count, left) = (first.count - count, left - count);
            if first.count == 0 {
                self.groups.pop_front();
            }
        }
        taken
    }

    /// The number of requests.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// The arrival of the first request.
    pub(super) fn first_since(&self) -> Option<u64> {
        self.groups.front().map(|group| group.since)
    }
}

/// A histogram of waiting times.
#[derive(Clone)]
pub struct Waits(Histogram<u64>);

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, longest] = [0.5, 1.0].map(|part| self.quantile_ms(part));
        write!(f, "{} waited, half of them up to {half} ms, all up to {longest} ms", self.count())
    }
}

impl Waits {
    pub(super) fn new() -> Self {
        const A_DAY_MS: u64 = 86_400_000;
        Self(Histogram::new_with_max(A_DAY_MS, 3).expect("three digits fit"))
    }

    pub(super) fn add(&mut self, group: Group, until: u64) {
        self.0.saturating_record_n(until.saturating_sub(group.since), group.count);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The waiting time, in milliseconds, that this share of the requests did not exceed.
    pub fn quantile_ms(&self, part: f64) -> u64 {
        self.0.value_at_quantile(part)
    }
}
