//! Statistics of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::fault::Kind;
use super::fleet::Role;

/// The statistics, shared by faults that happen concurrently.
#[derive(Debug, Default)]
pub struct Count {
    figures: Mutex<Figures>,
}

/// The numbers of a run.
#[derive(Debug, Default, Clone)]
pub struct Figures {
    pub faults: BTreeMap<Kind, u64>,
    /// For each fail point: how often a process was killed there, and how often the point was not
    /// reached.
    pub points: BTreeMap<&'static str, (u64, u64)>,
    /// Processes that did not end in order after SIGTERM and had to be killed.
    pub drained_badly: Vec<Role>,
    /// The longest time that a process took to end after SIGTERM.
    pub drain_longest: Duration,
    /// Requests of clients, by the status of the response.
    pub answers: BTreeMap<u16, u64>,
    /// Requests without a response, because a connection was lost.
    pub unanswered: u64,
    pub accepted: u64,
    /// Reservations whose clients learned only that they may have been queued.
    pub uncertain: u64,
    pub rounds: u64,
    /// The longest time from the end of all faults to the first decision.
    pub first_decision_longest: Duration,
    /// The longest time from that first decision until everything accepted before was decided.
    pub backlog_longest: Duration,
    /// Rounds in which that took longer than allowed.
    pub backlogs_not_cleared: u64,
    /// Queues that had no leader after the broker restarted, until it was restarted once more.
    pub queues_without_leader: u64,
    pub violations: Vec<String>,
}

impl Count {
    /// A copy of the numbers so far.
    pub fn figures(&self) -> Figures {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn note(&self, change: impl FnOnce(&mut Figures)) {
        change(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn fault(&self, kind: Kind) {
        self.note(|figures| *figures.faults.entry(kind).or_default() += 1);
    }

    pub(super) fn point(&self, point: &'static str, reached: bool) {
        self.note(|figures| {
            let counts = figures.points.entry(point).or_default();
            if reached { counts.0 += 1 } else { counts.1 += 1 }
        });
    }

    pub(super) fn drained(&self, role: Role, took: Duration, in_order: bool) {
        self.note(|figures| {
            figures.drain_longest = figures.drain_longest.max(took);
            if !in_order {
                figures.drained_badly.push(role);
            }
        });
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests: u64 = self.answers.values().sum::<u64>() + self.unanswered;
        writeln!(f, "rounds: {}", self.rounds)?;
        writeln!(f, "requests: {requests}, of them unanswered: {}", self.unanswered)?;
        let answers: Vec<String> =
            self.answers.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        writeln!(f, "answers: {}", answers.join(", "))?;
        let uncertain = self.uncertain;
        writeln!(f, "reservations accepted: {}, not promised: {uncertain}", self.accepted)?;
        let faults: Vec<String> =
            self.faults.iter().map(|(kind, count)| format!("{kind:?}: {count}")).collect();
        let all: u64 = self.faults.values().sum();
        writeln!(f, "faults: {all} ({})", faults.join(", "))?;
        let points: Vec<String> = self
            .points
            .iter()
            .map(|(point, (reached, not))| format!("{point}: {reached} of {}", reached + not))
            .collect();
        writeln!(f, "killed at points: {}", points.join(", "))?;
        writeln!(
            f,
            "SIGTERM: longest {:.1} s, not in good order: {:?}",
            self.drain_longest.as_secs_f64(),
            self.drained_badly
        )?;
        writeln!(
            f,
            "longest from heal to first decision: {:.2} s",
            self.first_decision_longest.as_secs_f64()
        )?;
        let backlog = self.backlog_longest.as_secs_f64();
        let not = self.backlogs_not_cleared;
        writeln!(f, "longest from heal to a cleared backlog: {backlog:.2} s, not cleared: {not}")?;
        let without = self.queues_without_leader;
        writeln!(f, "queues left without a leader by the broker: {without}")?;
        write!(f, "violations: {}", self.violations.len())
    }
}
