//! Checks what the system needs, and advises what to do about each fault.

mod broker;
mod database;
mod settings;

use chrono::{DateTime, Utc};
use process::clock;
use process::settings::Settings;
use serde::Serialize;

use super::exit::Exit;
use super::print::{json, line};

/// The largest accepted difference of clocks. It makes ages and patience wrong by as much.
const SKEW_MAX_MS: i64 = 1_000;

/// How to print it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    /// It works, but an operator should look at it.
    Warn,
    /// It does not work, or will not.
    Fail,
}

/// The result of one check.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    level: Level,
    found: String,
    /// What to do; empty if nothing is to be done.
    advice: String,
}

#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.add(check, Level::Ok, found, "");
    }

    fn warn(&mut self, check: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(check, Level::Warn, found, advice);
    }

    fn fail(&mut self, check: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(check, Level::Fail, found, advice);
    }

    fn add(
        &mut self,
        check: &'static str,
        level: Level,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.0.push(Finding { check, level, found: found.into(), advice: advice.into() });
    }

    /// Compares a clock with this machine's, which was read `before` and `after` it.
    fn clock(
        &mut self,
        check: &'static str,
        theirs: DateTime<Utc>,
        before: DateTime<Utc>,
        after: DateTime<Utc>,
        resolution_ms: i64,
    ) {
        let skew = skew_ms(theirs, before, after);
        if skew.abs() <= SKEW_MAX_MS + resolution_ms {
            return self.ok(check, format!("its clock is within {} ms of ours", skew.abs()));
        }
        let way = if skew > 0 { "ahead of" } else { "behind" };
        self.warn(
            check,
            format!("its clock is {} ms {way} this machine's", skew.abs()),
            "let both machines take the time from NTP: patience and ages are measured across them",
        );
    }
}

/// How far a clock is ahead of this machine's. The time of the request itself is not counted.
fn skew_ms(theirs: DateTime<Utc>, before: DateTime<Utc>, after: DateTime<Utc>) -> i64 {
    if theirs < before {
        (theirs - before).num_milliseconds()
    } else if theirs > after {
        (theirs - after).num_milliseconds()
    } else {
        0
    }
}

/// Checks everything. The exit code is 1 if a check fails; warnings alone give 0.
pub(crate) async fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut findings = Findings::default();
    settings::check(settings, &mut findings);
    database::check(settings, &mut findings).await;
    broker::check(settings, &mut findings).await;
    let worst = findings.0.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    if arguments.json {
        json(&findings.0);
    } else {
        print(&findings.0);
    }
    Ok(if worst == Level::Fail { Exit::Found } else { Exit::Done })
}

fn print(findings: &[Finding]) {
    for Finding { check, level, found, advice } in findings {
        let level = match level {
            Level::Ok => "ok",
            Level::Warn => "WARN",
            Level::Fail => "FAIL",
        };
        line(&format!("{level:<4}  {check:<12} {found}"));
        if !advice.is_empty() {
            line(&format!("      {:<12} -> {advice}", ""));
        }
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let fail = count(Level::Fail);
    let warn = count(Level::Warn);
    line(&format!("{fail} failed, {warn} to look at, {} in order", count(Level::Ok)));
}

fn now() -> DateTime<Utc> {
    clock::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_asking_is_no_skew() {
        let at =
            |ms: i64| DateTime::from_timestamp_millis(1_795_000_000_000 + ms).expect("in range");
        assert_eq!(skew_ms(at(50), at(0), at(100)), 0);
        assert_eq!(skew_ms(at(-300), at(0), at(100)), -300);
        assert_eq!(skew_ms(at(5_100), at(0), at(100)), 5_000);
        let mut findings = Findings::default();
        findings.clock("a clock", at(5_100), at(0), at(100), 0);
        findings.clock("a clock", at(900), at(0), at(100), 0);
        assert_eq!(findings.0[0].level, Level::Warn);
        assert_eq!(findings.0[1].level, Level::Ok);
    }
}
