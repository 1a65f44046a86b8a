//! The report as one self-contained HTML page.

use super::plot::{Line, plot};
use super::terminal::figure_row;
use super::{Check, Report, Run};
use crate::load::{Quantiles, Second, Summary};

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de;
  --shade: #eef1f4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #12161b; --line: #30363d; --shade: #1b2129; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }
td, th { border-bottom: 1px solid var(--line); padding: .2rem .7rem; text-align: right; }
td:first-child, th:first-child { text-align: left; }
svg { width: 100%; max-width: 720px; display: block; margin: .6rem 0; }
svg text { font-size: 12px; fill: var(--ink); } svg text[fill] { fill: attr(fill); }
svg .grid { stroke: var(--line); } svg .warmup { fill: var(--shade); }
svg polyline { fill: none; stroke-width: 1.8; }
.missed, .fail { color: #c22; } .met, .ok { color: #187a3c; }
pre { white-space: pre-wrap; }
";

const BLUE: &str = "#2f6fde";
const GREY: &str = "#888f98";
const RED: &str = "#d0392b";
const GREEN: &str = "#1f9d55";

pub(super) fn page(report: &Report) -> String {
    let scenario = escape(&report.scenario);
    let about = serde_json::to_string_pretty(&report.about).expect("plain data has a JSON form");
    let body = [
        format!("<h1>Boxoffice under load: {scenario}</h1>"),
        format!("<pre>{}</pre>", escape(&report.command)),
        table(&report.figures.iter().map(figure_row).collect::<Vec<_>>(), false),
        report.checks.iter().map(check).collect::<Vec<_>>().concat(),
        report
            .notes
            .iter()
            .map(|note| format!("<p>{}</p>", escape(note)))
            .collect::<Vec<_>>()
            .concat(),
        report.runs.iter().map(section).collect::<Vec<_>>().concat(),
        format!("<h2>The machine</h2><pre>{}</pre>", escape(&about)),
    ];
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Boxoffice under load: {scenario}</title><style>{STYLE}</style>\
         <body>{}</body></html>\n",
        body.concat()
    )
}

fn check(check: &Check) -> String {
    let (class, word) = if check.holds { ("ok", "holds") } else { ("fail", "DOES NOT HOLD") };
    let what = escape(&check.what);
    let found = escape(&check.found);
    format!("<div class=\"{class}\">{word}: {what} ({found})</div>")
}

fn section(run: &Run) -> String {
    let title = format!("<h2>{}</h2>", escape(&run.title()));
    let usage = format!("<p>{}</p>", escape(&run.usage_line()));
    let lasted = |summary: &&Summary| summary.seconds.len() > 1;
    let plots: Vec<String> = run.requests.iter().filter(lasted).map(plots).collect();
    [title, table(&run.request_rows(), true), usage, plots.concat()].concat()
}

fn plots(summary: &Summary) -> String {
    let counted = |name, colour, count: fn(&Second) -> u64| {
        let points = summary.seconds.iter().map(|s| (s.second as f64 + 0.5, count(s) as f64));
        Line { name, colour, points: points.collect() }
    };
    let latency = |name, colour, value: fn(&Quantiles) -> f64| {
        let at = |s: &Second| s.latency.as_ref().map(|l| (s.second as f64 + 0.5, value(l)));
        Line { name, colour, points: summary.seconds.iter().filter_map(at).collect() }
    };
    let mut lines = vec![
        counted("won", GREEN, |second| second.counts.won),
        counted("refused", BLUE, |second| second.counts.refused),
        counted("other", RED, |second| second.counts.all() - second.counts.decided()),
    ];
    lines.retain(|line| line.points.iter().any(|point| point.1 > 0.0));
    let latencies = [
        latency("p50", GREY, |latency| latency.p50_ms),
        latency("p95", BLUE, |latency| latency.p95_ms),
        latency("p99", RED, |latency| latency.p99_ms),
    ];
    let name = escape(&summary.name);
    plot(&format!("{name}: answers"), "1/s", summary.warmup_s, &lines)
        + &plot(&format!("{name}: latency"), "ms", summary.warmup_s, &latencies)
}

fn table(rows: &[Vec<String>], has_header: bool) -> String {
    let cell = |tag: &str, cell: &String| {
        let class = if cell == "missed" || cell == "met" { cell.as_str() } else { "" };
        format!("<{tag} class=\"{class}\">{}</{tag}>", escape(cell))
    };
    let row = |(number, cells): (usize, &Vec<String>)| {
        let tag = if has_header && number == 0 { "th" } else { "td" };
        let cells: Vec<String> = cells.iter().map(|text| cell(tag, text)).collect();
        format!("<tr>{}</tr>", cells.concat())
    };
    let rows: Vec<String> = rows.iter().enumerate().map(row).collect();
    format!("<table>{}</table>", rows.concat())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::load::{Outcome, Recorder, Window};
    use crate::machine::About;
    use crate::report::{Aim, Figure};
    use crate::stage::Target;
    use std::time::{Duration, Instant};

    /// A small report, for the tests of all formats.
    pub(in super::super) fn report() -> Report {
        let start = Instant::now();
        let length = Duration::from_secs(3);
        let recorder = Recorder::new("booking <&>", Window { start, warmup: length / 3, length });
        for ms in 0..3_000 {
            let at = start + Duration::from_millis(ms);
            recorder.record_at(Outcome::Won, at, at + Duration::from_millis(5));
        }
        let run = Run {
            name: "steady".to_owned(),
            target: Target::Boxoffice,
            rate: Some(1_000.0),
            requests: vec![recorder.summary()],
            usage: Vec::new(),
            sustained: None,
        };
        Report {
            scenario: "steady".to_owned(),
            command: "bench steady".to_owned(),
            about: About::look("15".to_owned(), "3.10".to_owned()),
            figures: vec![Figure::new("p95", 5.0, "ms").aim(Aim::AtMost(100.0))],
            checks: vec![Check::equal("sold", 500, 500)],
            notes: Vec::new(),
            runs: vec![run],
        }
    }

    #[test]
    fn the_page_stands_alone_and_escapes_what_it_shows() {
        let page = page(&report());
        for word in ["http://", "https://", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("booking &lt;&amp;&gt;"));
        assert_eq!(page.matches("<svg").count(), 2);
        assert!(page.contains("class=\"met\""));
    }
}
