//! The terminal: tables on standard output, progress on standard error.

use std::io::{IsTerminal, Write, stderr, stdout};

use super::{Aim, Figure, Report, Run};
use crate::load::Summary;

/// Prints a line. If the reader has closed the pipe, the run goes on.
pub fn say(line: &str) {
    let _gone = writeln!(stdout().lock(), "{line}");
}

/// Shows the progress of a run. On a terminal, each line replaces the one before.
pub fn progress(line: &str, is_last: bool) {
    let mut err = stderr().lock();
    let _gone = if err.is_terminal() {
        write!(err, "\r\x1b[2K{line}{}", if is_last { "\n" } else { "" })
    } else {
        writeln!(err, "{line}")
    };
    let _flushed = err.flush();
}

/// Formats a table. Columns are as wide as their widest cell; the first is aligned left.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Report {
    /// Prints the report without the plots.
    pub fn print(&self) {
        for run in &self.runs {
            say(&format!("\n{}", run.title()));
            say(&table(&run.request_rows()));
            say(&run.usage_line());
        }
        say("");
        if !self.figures.is_empty() {
            say(&table(&self.figures.iter().map(figure_row).collect::<Vec<_>>()));
        }
        for check in &self.checks {
            let sign = if check.holds { "ok  " } else { "FAIL" };
            say(&format!("{sign} {}: {}", check.what, check.found));
        }
        for note in &self.notes {
            say(&format!("note: {note}"));
        }
    }
}

impl Run {
    /// The name, with the rate.
    pub fn title(&self) -> String {
        let rate = self.rate.map_or(String::new(), |rate| format!(", {rate:.0}/s"));
        let sustained = match &self.sustained {
            Some(sustained) if sustained.yes => " (sustained)".to_owned(),
            Some(sustained) => {
                format!(" (not sustained: {})", sustained.because.as_deref().unwrap_or("?"))
            }
            None => String::new(),
        };
        format!("{}: {}{rate}{sustained}", self.target.name(), self.name)
    }

    /// A header, and a row for each kind of request.
    pub fn request_rows(&self) -> Vec<Vec<String>> {
        const HEADER: [&str; 12] = [
            "requests",
            "decided/s",
            "won",
            "refused",
            "503",
            "timed out",
            "failed",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "max ms",
            "won p95",
        ];
        let header = HEADER.map(str::to_owned).to_vec();
        std::iter::once(header).chain(self.requests.iter().map(request_row)).collect()
    }

    pub fn usage_line(&self) -> String {
        let parts = self.usage.iter().map(|usage| {
            let memory = if usage.memory_mib > 0.0 {
                format!(" {:.0} MiB", usage.memory_mib)
            } else {
                String::new()
            };
            format!("{} {:.2} s{memory}", usage.name, usage.cpu_s)
        });
        let parts = parts.collect::<Vec<_>>().join(" · ");
        let each = self
            .cpu_s_per_1000()
            .map_or(String::new(), |cpu_s| format!(" · {cpu_s:.3} s CPU per 1,000 decisions"));
        format!("CPU: {parts}{each}")
    }
}

pub(super) fn figure_row(figure: &Figure) -> Vec<String> {
    let aim = match figure.aim {
        Some(Aim::AtLeast(least)) => format!("aim ≥ {}", number(least)),
        Some(Aim::AtMost(most)) => format!("aim ≤ {}", number(most)),
        None => String::new(),
    };
    let verdict = match figure.is_met() {
        Some(true) => "met",
        Some(false) => "missed",
        None => "",
    };
    let value = format!("{} {}", number(figure.value), figure.unit);
    vec![figure.name.clone(), value, aim, verdict.to_owned()]
}

fn request_row(summary: &Summary) -> Vec<String> {
    let counts = &summary.counts;
    let mut row = vec![summary.name.clone(), number(summary.decided_per_s())];
    let all = [counts.won, counts.refused, counts.unavailable, counts.timed_out, counts.failed];
    row.extend(all.map(|count| count.to_string()));
    let decided = summary.decided;
    row.extend(
        [
            decided.map(|latency| latency.p50_ms),
            decided.map(|latency| latency.p95_ms),
            decided.map(|latency| latency.p99_ms),
            decided.map(|latency| latency.max_ms),
            summary.won.map(|latency| latency.p95_ms),
        ]
        .map(|ms| ms.map_or("–".to_owned(), number)),
    );
    row
}

/// Three significant digits for small numbers, whole numbers for large ones.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        v if v == 0.0 || v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_flush() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = table(&[row(["a", "bb", "c"]), row(["ccc", "1", "22"])]);
        assert_eq!(text, "a    bb   c\nccc   1  22");
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn numbers_are_as_long_as_they_must_be() {
        let shown = [0.0, 0.0871, 1.234, 12.34, 1_234.5].map(number);
        assert_eq!(shown, ["0", "0.087", "1.23", "12.3", "1234"]);
    }
}
