//! The results of one command, and how they are shown: on the terminal, as a page, as JSON.

mod files;
mod page;
mod plot;
mod terminal;

use serde::Serialize;

use crate::load::{Summary, Sustained};
use crate::machine::{About, Usage};
use crate::stage::Target;

pub use files::write;
pub use terminal::{progress, say, table};

/// All results of one command of the kit.
#[derive(Debug, Serialize)]
pub struct Report {
    pub scenario: String,
    /// The command line, to run it again.
    pub command: String,
    pub about: About,
    /// The most important first.
    pub figures: Vec<Figure>,
    /// What had to hold. A check that does not hold fails the command.
    pub checks: Vec<Check>,
    /// What a reader must know to understand the figures.
    pub notes: Vec<String>,
    pub runs: Vec<Run>,
}

/// One run under load.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    pub name: String,
    pub target: Target,
    /// Requests sent per second. None if it was not an open loop.
    pub rate: Option<f64>,
    /// One for each kind of request, the most important first.
    pub requests: Vec<Summary>,
    /// What each part of the system used in the window.
    pub usage: Vec<Usage>,
    /// None if the run did not ask that.
    pub sustained: Option<Sustained>,
}

impl Run {
    /// CPU time of Boxoffice and its servers for 1,000 decisions, in seconds, which is the same
    /// number as milliseconds for one. The kit and other processes are not included.
    pub fn cpu_s_per_1000(&self) -> Option<f64> {
        let of_system = |usage: &&Usage| usage.name != "kit" && usage.name != "others";
        let cpu_s: f64 = self.usage.iter().filter(of_system).map(|usage| usage.cpu_s).sum();
        let decided = self.requests.first()?.decided_in_window;
        (decided > 0).then(|| 1_000.0 * cpu_s / decided as f64)
    }

    /// A warning if processes outside of the run took more than a twentieth of the machine.
    pub fn disturbance(&self, cores: usize) -> Option<String> {
        let others = self.usage.iter().find(|usage| usage.name == "others")?;
        let length_s = self.requests.first()?.length_s;
        let share = others.cpu_s / (length_s * cores as f64);
        (share > 0.05).then(|| {
            let percent = 100.0 * share;
            format!("Others took {percent:.0} % of the machine during \"{}\".", self.name)
        })
    }

    /// The p95 latency of decisions about the first kind of request, in milliseconds.
    pub fn p95_ms(&self) -> Option<f64> {
        self.requests.first()?.decided.map(|latency| latency.p95_ms)
    }
}

/// A measured number, with its aim if there is one.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub aim: Option<Aim>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, aim: None }
    }

    #[must_use]
    pub fn aim(mut self, aim: Aim) -> Self {
        self.aim = Some(aim);
        self
    }

    /// None if there is no aim.
    pub fn is_met(&self) -> Option<bool> {
        self.aim.map(|aim| match aim {
            Aim::AtLeast(least) => self.value >= least,
            Aim::AtMost(most) => self.value <= most,
        })
    }
}

/// A condition that must hold.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub what: String,
    pub holds: bool,
    pub found: String,
}

impl Check {
    pub fn equal(what: impl Into<String>, found: u64, expected: u64) -> Self {
        let text = format!("{found}, expected {expected}");
        Self { what: what.into(), holds: found == expected, found: text }
    }

    /// The number must lie in the range, both ends included.
    pub fn within(what: impl Into<String>, found: u64, least: u64, most: u64) -> Self {
        let text = format!("{found}, expected {least} to {most}");
        Self { what: what.into(), holds: (least..=most).contains(&found), found: text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_has_a_direction() {
        let figure = |aim| Figure::new("x", 10.0, "ms").aim(aim).is_met();
        assert_eq!(figure(Aim::AtLeast(10.0)), Some(true));
        assert_eq!(figure(Aim::AtLeast(10.1)), Some(false));
        assert_eq!(figure(Aim::AtMost(9.9)), Some(false));
        assert_eq!(Figure::new("x", 10.0, "ms").is_met(), None);
    }

    #[test]
    fn strangers_on_the_machine_are_noticed() {
        let mut report = page::tests::report();
        let run = &mut report.runs[0];
        let others = |cpu_s| Usage { name: "others".to_owned(), cpu_s, memory_mib: 0.0 };
        run.usage = vec![others(0.1)];
        assert_eq!(run.disturbance(2), None);
        run.usage = vec![others(3.0)];
        assert!(run.disturbance(2).is_some_and(|note| note.contains("50 %")));
    }

    #[test]
    fn a_check_says_what_it_found() {
        assert!(Check::equal("sold", 500, 500).holds);
        let check = Check::within("held", 7, 8, 9);
        assert!(!check.holds && check.found.contains('7'));
    }
}
