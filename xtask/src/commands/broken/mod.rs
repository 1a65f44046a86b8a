//! `cargo xtask broken`: breaks a copy of the system on purpose, in one way after the other, and
//! shows which tests notice. If no test notices, a test is missing.

mod copy;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use testbed::servers::{self, Servers};
use testbed::{checkout, note};

use super::run::{Stopped, run, run_read};
use super::say::say;
use super::stop::Stop;
use copy::Copy;

/// A way to break the system, by `xtask/broken/<name>.patch`, and the tests that must notice it.
struct Way {
    name: &'static str,
    suites: &'static [Suite],
}

/// A file of tests, and which of them to run: those with one of these words in their names.
struct Suite {
    target: &'static str,
    words: &'static [&'static str],
}

const WAYS: [Way; 5] = [
    Way {
        name: "ack-before-commit",
        suites: &[Suite { target: "outages", words: &["a_worker_killed_"] }],
    },
    Way {
        name: "publish-before-commit",
        suites: &[Suite { target: "outages", words: &["a_worker_killed_"] }],
    },
    Way {
        name: "no-dedupe",
        suites: &[
            Suite { target: "outages", words: &["a_worker_killed_"] },
            Suite { target: "workers", words: &["twice"] },
            Suite { target: "booking", words: &["a_key_used_again"] },
        ],
    },
    Way {
        name: "no-lock",
        suites: &[
            Suite { target: "store", words: &["races::", "conflicts::", "order::"] },
            Suite { target: "workers", words: &["overlapping_pairs"] },
            Suite { target: "booking", words: &["of_200_buyers", "a_customers_limit"] },
        ],
    },
    Way {
        name: "expiry-by-the-workers-clock",
        suites: &[
            Suite { target: "store", words: &["races::", "model::"] },
            Suite { target: "expiry", words: &[] },
        ],
    },
];

/// Which ways.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only this way
    #[arg(long, value_parser = WAYS.map(|way| way.name))]
    only: Option<String>,
}

/// Runs the tests on the system as it is, where they must pass, and then on each broken copy, where
/// one must fail.
pub(crate) fn broken(arguments: &Arguments) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let copy = Copy::make()?;
    let servers = servers::for_tests()?;
    let ways: Vec<&Way> = WAYS
        .iter()
        .filter(|way| arguments.only.as_deref().is_none_or(|only| only == way.name))
        .collect();
    let began = Instant::now();
    note("the tests on the system as it is …");
    let sound = failed_tests(&copy, &all(&ways), &servers, &stop)?;
    ensure!(sound.is_empty(), "these tests fail on the system as it is: {sound:?}");
    let mut is_noticed = true;
    say("| broken on purpose | the tests that notice |\n| --- | --- |");
    for way in ways {
        let seconds = began.elapsed().as_secs();
        note(&format!("{seconds} s; the tests on a system with {} …", way.name));
        copy.restore()?;
        copy.apply(&way.patch())?;
        let caught = failed_tests(&copy, &all(&[way]), &servers, &stop)?;
        is_noticed &= !caught.is_empty();
        say(&row(way, &caught));
    }
    copy.restore()?;
    note(&format!("{} s", began.elapsed().as_secs()));
    Ok(if is_noticed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Way {
    fn patch(&self) -> PathBuf {
        checkout::root().join("xtask").join("broken").join(format!("{}.patch", self.name))
    }
}

fn row(way: &Way, caught: &BTreeSet<String>) -> String {
    let names: Vec<String> = caught.iter().map(|name| format!("`{name}`")).collect();
    let names = if names.is_empty() { "NOT NOTICED".to_owned() } else { names.join(", ") };
    format!("| {} | {names} |", way.name)
}

/// Builds the copy in its present state, and runs these tests on it.
fn failed_tests(
    copy: &Copy,
    suites: &[(&str, BTreeSet<&str>)],
    servers: &Servers,
    stop: &Stop,
) -> Result<BTreeSet<String>> {
    run(&mut copy.cargo(&["build", "--workspace", "--bins", "--locked"]), stop)?;
    let mut failed = BTreeSet::new();
    for (target, words) in suites {
        let mut tests = copy.cargo(&["test", "--workspace", "--no-fail-fast", "--locked"]);
        tests.args(["--test", target, "--"]).args(words).envs(servers.test_settings());
        failed.extend(failures(&mut tests, target, stop)?);
    }
    Ok(failed)
}

/// The tests of all these ways, without repetition.
fn all(ways: &[&Way]) -> Vec<(&'static str, BTreeSet<&'static str>)> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for suite in ways.iter().flat_map(|way| way.suites) {
        // Every name contains the empty word.
        let words = if suite.words.is_empty() { &[""] } else { suite.words };
        all.entry(suite.target).or_default().extend(words);
    }
    all.into_iter().collect()
}

/// The failed tests, by file. Fails if they cannot be run, or if no test was found.
fn failures(
    tests: &mut std::process::Command,
    target: &str,
    stop: &Stop,
) -> Result<BTreeSet<String>> {
    let (line, lines) = mpsc::channel();
    let ran = run_read(tests, stop, move |text| drop(line.send(text)));
    let results: Vec<(String, bool)> = lines.try_iter().filter_map(|line| result(&line)).collect();
    let failed = results.iter().filter(|(_, passed)| !passed);
    let failed: BTreeSet<String> = failed.map(|(name, _)| place(target, name)).collect();
    match ran {
        Err(error) if error.is::<Stopped>() || failed.is_empty() => Err(error),
        _ => {
            ensure!(!results.is_empty(), "no test of {target} was run");
            Ok(failed)
        }
    }
}

/// A test's name and whether it passed, from a line of libtest's output.
fn result(line: &str) -> Option<(String, bool)> {
    let (name, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    matches!(result, "ok" | "FAILED").then(|| (name.to_owned(), result == "ok"))
}

/// The file of a test, and its name there, as the documents name tests.
fn place(target: &str, name: &str) -> String {
    let (modules, test) = name.rsplit_once("::").unwrap_or(("", name));
    let crates = if target == "store" { "common/store/tests" } else { "e2e/tests" };
    let path = if modules.is_empty() {
        format!("{crates}/{target}")
    } else {
        format!("{crates}/{target}/{}", modules.replace("::", "/"))
    };
    let is_dir = checkout::root().join(&path).is_dir();
    format!("{path}{}.rs::{test}", if is_dir { "/mod" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::run::command;

    #[test]
    fn every_way_has_a_patch_that_still_applies() {
        let dir = checkout::root().join("xtask").join("broken");
        let found: BTreeSet<PathBuf> =
            dir.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(found, WAYS.iter().map(Way::patch).collect());
        for patch in found {
            let mut check = command("git", &["apply", "--check"], &checkout::root());
            let output = check.arg(&patch).output().unwrap();
            let why = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {why}", patch.display());
        }
    }

    #[test]
    fn a_line_of_libtest_tells_the_test_and_its_result() {
        assert_eq!(result("test races::a ... FAILED"), Some(("races::a".to_owned(), false)));
        assert_eq!(result("test b ... ok"), Some(("b".to_owned(), true)));
        assert_eq!(result("test result: FAILED. 1 passed; 1 failed"), None);
        assert_eq!(result("test c has been running for over 60 seconds"), None);
    }

    #[test]
    fn a_test_is_named_by_its_file() {
        assert_eq!(place("store", "races::a"), "common/store/tests/store/races.rs::a");
        assert_eq!(place("store", "model::b"), "common/store/tests/store/model/mod.rs::b");
        assert_eq!(place("outages", "c"), "e2e/tests/outages.rs::c");
    }

    #[test]
    fn tests_of_several_ways_are_run_once() {
        let (first, second) = (&WAYS[0], &WAYS[1]);
        assert_eq!(all(&[first, second]), all(&[first]));
    }
}
