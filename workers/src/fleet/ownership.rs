//! The owner of each partition. Of n live workers, sorted by name, the owner is the worker with the
//! index partition modulo n. Each worker computes this for itself. Different views cost only
//! balance: the broker allows one active consumer for each partition in any case.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The workers that have sent a sign of life.
#[derive(Debug)]
pub(crate) struct Members {
    me: String,
    forget: Duration,
    heard: BTreeMap<String, Instant>,
}

/// The live workers at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    me: String,
    workers: Vec<String>,
}

impl Members {
    /// Begins with this worker alone. Others are removed after `forget` without a sign of life.
    pub(crate) fn new(me: &str, forget: Duration) -> Self {
        Self { me: me.to_owned(), forget, heard: BTreeMap::new() }
    }

    /// Records a sign of life.
    pub(crate) fn heard(&mut self, worker: &str, at: Instant) {
        if worker != self.me {
            self.heard.insert(worker.to_owned(), at);
        }
    }

    pub(crate) fn left(&mut self, worker: &str) {
        self.heard.remove(worker);
    }

    /// The workers that live now.
    pub(crate) fn view(&mut self, now: Instant) -> View {
        self.heard.retain(|_, at| now.duration_since(*at) <= self.forget);
        let mut workers: Vec<String> = self.heard.keys().cloned().collect();
        workers.push(self.me.clone());
        workers.sort_unstable();
        View { me: self.me.clone(), workers }
    }
}

impl View {
    pub(crate) fn owner(&self, partition: u16) -> &str {
        &self.workers[usize::from(partition) % self.workers.len()]
    }

    pub(crate) fn owns(&self, partition: u16) -> bool {
        self.owner(partition) == self.me
    }

    /// The number of live workers.
    pub(crate) fn workers(&self) -> usize {
        self.workers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGET: Duration = Duration::from_secs(5);

    fn owned(members: &mut Members, now: Instant) -> Vec<u16> {
        let view = members.view(now);
        (0..16).filter(|partition| view.owns(*partition)).collect()
    }

    #[test]
    fn partitions_are_shared_evenly_and_each_has_one_owner() {
        let now = Instant::now();
        let names = ["c", "a", "b"];
        let mut all: Vec<u16> = Vec::new();
        for me in names {
            let mut members = Members::new(me, FORGET);
            for name in names {
                members.heard(name, now);
            }
            let mine = owned(&mut members, now);
            assert!(mine.len() == 5 || mine.len() == 6, "{mine:?}");
            all.extend(mine);
        }
        all.sort_unstable();
        assert_eq!(all, (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn who_is_silent_or_leaves_is_forgotten_and_never_oneself() {
        let start = Instant::now();
        let mut members = Members::new("a", FORGET);
        members.heard("b", start);
        members.heard("c", start);
        assert_eq!(members.view(start).workers(), 3);
        members.left("c");
        assert_eq!(members.view(start).workers(), 2);
        let later = start + FORGET + Duration::from_millis(1);
        assert_eq!(owned(&mut members, later).len(), 16);
    }
}
