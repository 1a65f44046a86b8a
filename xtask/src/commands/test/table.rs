//! The result of each step.

use std::time::{Duration, Instant};

use crate::commands::say::say;

pub(super) struct Table {
    start: Instant,
    rows: Vec<(&'static str, String)>,
}

impl Table {
    /// A table without steps; the total time counts from now.
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), rows: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &'static str, took: Duration, passed: bool) {
        let verdict = if passed { "ok" } else { "FAILED" };
        self.rows.push((name, format!("{:>7.1} s  {verdict}", took.as_secs_f64())));
    }

    pub(super) fn skip(&mut self, name: &'static str, reason: &str) {
        self.rows.push((name, format!("{:>7}    skipped: {reason}", "-")));
    }

    pub(super) fn print(&self) {
        say("");
        for line in self.lines() {
            say(&line);
        }
        say(&format!("{:<22}{:>7.1} s", "total", self.start.elapsed().as_secs_f64()));
    }

    fn lines(&self) -> Vec<String> {
        self.rows.iter().map(|(name, result)| format!("{name:<22}{result}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_for_each_step() {
        let mut table = Table::new();
        table.add("format", Duration::from_millis(1_249), true);
        table.add("lints", Duration::from_secs(100), false);
        table.skip("page", "--no-web");
        assert_eq!(
            table.lines(),
            [
                "format                    1.2 s  ok",
                "lints                   100.0 s  FAILED",
                "page                        -    skipped: --no-web",
            ]
        );
    }
}
