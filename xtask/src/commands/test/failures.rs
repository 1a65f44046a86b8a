//! Repeats the failures at the end: readers of a long log look there first, and a truncated log
//! keeps its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::commands::say::say;

/// The most lines that are kept of one test program.
const LINES_MAX: usize = 200;

/// The reports of failed test programs, from the output of `cargo test`.
#[derive(Clone, Default)]
pub(super) struct Failures(Arc<Mutex<Reports>>);

#[derive(Default)]
struct Reports {
    is_report: bool,
    is_backtrace: bool,
    kept: Vec<VecDeque<String>>,
}

impl Failures {
    /// Reads the next line, after it was printed.
    pub(super) fn read(&self, line: &str) {
        self.0.lock().expect("no holder panics").read(line);
    }

    /// Prints the reports.
    pub(super) fn print(&self) {
        for line in self.0.lock().expect("no holder panics").kept.iter().flatten() {
            say(line);
        }
    }
}

impl Reports {
    fn read(&mut self, line: &str) {
        if !self.is_report && line == "failures:" {
            self.is_report = true;
            self.kept.push(VecDeque::new());
        }
        if !self.is_report {
            return;
        }
        // Backtraces say little about a test, and would displace more useful lines.
        if line.eq_ignore_ascii_case("stack backtrace:") {
            self.is_backtrace = true;
        }
        if self.is_backtrace {
            self.is_backtrace = !line.trim().is_empty();
            return;
        }
        let report = self.kept.last_mut().expect("a report was begun");
        if report.len() == LINES_MAX {
            report.pop_front();
        }
        report.push_back(line.to_owned());
        self.is_report = !line.starts_with("test result:");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_kept_and_nothing_else() {
        let log = "\
running 2 tests
test a ... ok
test b ... FAILED

failures:

---- b stdout ----
Error: it is broken

Stack backtrace:
   0: b
             at ./b.rs:1

failures:
    b

test result: FAILED. 1 passed; 1 failed; 0 ignored

running 1 test
test c ... ok

test result: ok. 1 passed; 0 failed; 0 ignored
";
        let failures = Failures::default();
        log.lines().for_each(|line| failures.read(line));
        let reports = failures.0.lock().unwrap();
        let [report] = &reports.kept[..] else { panic!("one program failed") };
        let wanted: Vec<_> =
            log.lines().skip(4).take(5).chain(log.lines().skip(13).take(4)).collect();
        assert_eq!(report.iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn of_a_long_report_the_end_is_kept() {
        let failures = Failures::default();
        failures.read("failures:");
        (0..2 * LINES_MAX).for_each(|number| failures.read(&number.to_string()));
        let reports = failures.0.lock().unwrap();
        assert_eq!(reports.kept[0].len(), LINES_MAX);
        assert_eq!(reports.kept[0].back().unwrap(), &(2 * LINES_MAX - 1).to_string());
    }
}
