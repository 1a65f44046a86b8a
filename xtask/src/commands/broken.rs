//! `cargo xtask broken`: breaks the system on purpose, in one way after the other, and shows which tests
//! notice. A way that no test notices is a hole in the tests.

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;
use xtask::{note, servers};

use super::run::{cargo, run};
use super::say::say;
use super::stop::Stop;

/// The ways, as `common/src/broken.rs` names them.
const WAYS: [&str; 5] = [
    "ack-before-commit",
    "publish-before-commit",
    "no-dedupe",
    "no-lock",
    "expiry-by-the-workers-clock",
];

/// The tests that are run against each way: those that need no server of their own.
const TESTS: [&str; 15] = [
    "test",
    "--no-fail-fast",
    "--locked",
    "-p",
    "common",
    "--test",
    "store",
    "-p",
    "e2e",
    "--test",
    "workers",
    "--test",
    "expiry",
    "--test",
    "booking",
];

/// Which ways.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only this way
    #[arg(long, value_parser = WAYS)]
    only: Option<String>,
}

/// Runs the tests on the system as it is, which must pass, and then on each broken one, which must not.
pub(crate) fn broken(arguments: &Arguments) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    run(&mut cargo(&["build", "-p", "api", "-p", "workers", "--locked"]), &stop)?;
    let servers = servers::for_tests()?;
    let failed = |way: Option<&str>| -> Result<BTreeSet<String>> {
        let mut tests = cargo(&TESTS);
        tests.args(["--test", "outages", "--", "--skip", "_stopped_"]);
        tests.envs(servers.test_settings());
        if let Some(way) = way {
            tests.env("BOXOFFICE_BREAK", way);
        }
        failures(&mut tests)
    };
    note("the tests on the system as it is …");
    let sound = failed(None)?;
    ensure!(sound.is_empty(), "these tests fail on the system as it is: {sound:?}");
    let mut unnoticed = Vec::new();
    for way in WAYS.into_iter().filter(|way| arguments.only.as_deref().is_none_or(|o| o == *way)) {
        note(&format!("the tests on a system with {way} …"));
        let caught = failed(Some(way))?;
        if caught.is_empty() {
            unnoticed.push(way);
        }
        let names: Vec<&str> = caught.iter().map(String::as_str).collect();
        say(&format!(
            "{way}: {}",
            if names.is_empty() { "NOT NOTICED".into() } else { names.join(", ") }
        ));
    }
    Ok(if unnoticed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The names of the tests that fail; an error where they cannot be run at all.
fn failures(tests: &mut Command) -> Result<BTreeSet<String>> {
    let output = tests.output().context("cannot run cargo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = text.lines().filter_map(|line| {
        let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        Some(name.to_owned())
    });
    let failed: BTreeSet<String> = failed.collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() || !failed.is_empty(), "the tests cannot be run\n{complaint}");
    Ok(failed)
}
