//! `cargo xtask broken`: breaks the system on purpose, in one way after the other, and shows which
//! tests notice. A way that no test notices is a hole in the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use testbed::{checkout, note, servers};

use super::run::{Stopped, cargo, run, run_read};
use super::say::say;
use super::stop::Stop;

/// A way, as `common/process/src/broken.rs` names it, and the tests that are there to notice it.
struct Way {
    name: &'static str,
    suites: &'static [Suite],
}

/// A file of tests, and which of them are run: those with one of these words in their names.
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

/// Runs the tests on the system as it is, which must pass, and then on each broken one, which must
/// not.
pub(crate) fn broken(arguments: &Arguments) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    run(&mut cargo(&["build", "--workspace", "--bins", "--locked"]), &stop)?;
    let servers = servers::for_tests()?;
    let settings = servers.test_settings();
    let ways: Vec<&Way> = WAYS
        .iter()
        .filter(|way| arguments.only.as_deref().is_none_or(|only| only == way.name))
        .collect();
    let failed = |broken: Option<&str>, suites: &[(&str, BTreeSet<&str>)]| {
        let mut failed = BTreeSet::new();
        for (target, words) in suites {
            let mut tests = cargo(&["test", "--workspace", "--no-fail-fast", "--locked"]);
            tests.args(["--test", target, "--"]).args(words);
            tests.envs(settings.clone()).envs(broken.map(|way| ("BOXOFFICE_BREAK", way)));
            failed.extend(failures(&mut tests, target, &stop)?);
        }
        anyhow::Ok(failed)
    };
    let began = Instant::now();
    note("the tests on the system as it is …");
    let sound = failed(None, &all(&ways))?;
    ensure!(sound.is_empty(), "these tests fail on the system as it is: {sound:?}");
    let mut is_noticed = true;
    say("| broken on purpose | the tests that notice |\n| --- | --- |");
    for way in ways {
        note(&format!(
            "{} s; the tests on a system with {} …",
            began.elapsed().as_secs(),
            way.name
        ));
        let caught = failed(Some(way.name), &all(&[way]))?;
        is_noticed &= !caught.is_empty();
        let names: Vec<String> = caught.iter().map(|name| format!("`{name}`")).collect();
        let names = if names.is_empty() { "NOT NOTICED".to_owned() } else { names.join(", ") };
        say(&format!("| {} | {names} |", way.name));
    }
    note(&format!("{} s", began.elapsed().as_secs()));
    Ok(if is_noticed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The tests of all these ways, each once.
fn all(ways: &[&Way]) -> Vec<(&'static str, BTreeSet<&'static str>)> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for suite in ways.iter().flat_map(|way| way.suites) {
        // An empty word is in every name.
        let words = if suite.words.is_empty() { &[""] } else { suite.words };
        all.entry(suite.target).or_default().extend(words);
    }
    all.into_iter().collect()
}

/// The tests that fail, by their files; an error where they cannot be run at all, or where none is.
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

/// A test's name and whether it passed, from a line of libtest.
fn result(line: &str) -> Option<(String, bool)> {
    let (name, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    matches!(result, "ok" | "FAILED").then(|| (name.to_owned(), result == "ok"))
}

/// The file that a test is in, and its name there, as the documents name tests.
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
