//! `cargo xtask test`: all tests and checks, the cheapest first.

mod build;
mod failures;
mod programs;
mod table;

use std::process::{Command, ExitCode};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use testbed::servers::{self, Servers};
use testbed::{checkout, note, tools};

use super::page::Page;
use super::run::{cargo, is_installed, run};
use super::say::say;
use super::stop::Stop;
use build::Build;
use failures::Failures;
use programs::{Program, Runner};
use table::Table;

/// How many test programs run at the same time; each runs as many tests at a time as there are
/// cores.
const JOBS: usize = 2;

/// What to test.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Run only the Rust tests with this in their names, and none of the other steps
    filter: Option<String>,
    /// Leave the page out
    #[arg(long)]
    no_web: bool,
}

/// Runs the steps until one fails, and shows how long each took.
pub(crate) fn test(arguments: &Arguments, may_install: bool) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let mut steps = Steps { stop, table: Table::new(), failures: Failures::default() };
    let result = match &arguments.filter {
        Some(filter) => steps.matching(filter, may_install),
        None => steps.everything(!arguments.no_web, may_install),
    };
    steps.table.print();
    steps.failures.print();
    if let Err(error) = result {
        note(&format!("FAILED: {error:#}"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

struct Steps {
    stop: Stop,
    table: Table,
    failures: Failures,
}

impl Steps {
    /// Runs only these tests. Warnings are shown but do not fail the run, because the code may be
    /// unfinished.
    fn matching(&mut self, filter: &str, may_install: bool) -> Result<()> {
        self.step("tools", |_| tools::install_missing(&servers::tools_for_tests(), may_install))?;
        let (build, servers) = self.build_and_start()?;
        self.tests(build, &servers, &[filter])
    }

    fn everything(&mut self, web: bool, may_install: bool) -> Result<()> {
        let page = Page::find(&checkout::root()).filter(|_| web);
        let mut needed = servers::tools_for_tests();
        needed.extend([&tools::PYTHON, &tools::PROMETHEUS]);
        needed.extend(page.as_ref().map(|_| &tools::CHROMIUM));
        self.step("tools", |_| tools::install_missing(&needed, may_install))?;
        self.cargo("format", &["fmt", "--all", "--check"])?;
        self.deny()?;
        // The browser's tests are Rust tests, too, and need the whole stack.
        let mut arguments: &[&str] = &[];
        if let Some(page) = page {
            self.page(&page)?;
        } else {
            self.table.skip("page", "--no-web");
            arguments = &["--skip", "the_page_in_a_browser"];
        }
        let (build, servers) = self.build_and_start()?;
        self.step("lints", |_| build.ensure_no_warnings())?;
        self.tests(build, &servers, arguments)?;
        drop(servers);
        self.programs_alone()?;
        self.docs()
    }

    /// Builds, and starts the servers at the same time.
    fn build_and_start(&mut self) -> Result<(Build, Servers)> {
        let servers = thread::spawn(servers::for_tests);
        let built = self.step("build", Build::run);
        // Always wait for the servers, even after a failed build: only with their value can they be
        // stopped.
        let servers = self.step("wait for servers", |_| joined(servers));
        Ok((built?, servers?))
    }

    fn tests(&mut self, build: Build, servers: &Servers, arguments: &[&str]) -> Result<()> {
        let failures = self.failures.clone();
        self.step("tests", |stop| run_tests(build.programs, arguments, servers, &failures, stop))
    }

    /// Builds the programs as users do: without the features that other packages of the workspace
    /// enable.
    fn programs_alone(&mut self) -> Result<()> {
        self.cargo("programs alone", &["check", "-p", "api", "-p", "workers", "--locked"])
    }

    /// Checks licences, sources and known advisories of all dependencies. The tool is not installed
    /// automatically, because building it takes minutes.
    fn deny(&mut self) -> Result<()> {
        if !is_installed("cargo-deny") {
            let reason = "not installed; install it with: cargo install cargo-deny --locked";
            self.table.skip("dependencies", reason);
            self.table.skip("advisories", reason);
            return Ok(());
        }
        self.cargo("dependencies", &["deny", "check", "bans", "licenses", "sources"])?;
        // A separate step, because a missing network is no fault of a dependency.
        if run(&mut cargo(&["deny", "fetch", "db"]), &self.stop).is_err() {
            self.table.skip("advisories", "their database cannot be fetched: no network?");
            return Ok(());
        }
        self.cargo("advisories", &["deny", "check", "advisories"])
    }

    fn docs(&mut self) -> Result<()> {
        let mut command =
            cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
        command.env("RUSTDOCFLAGS", "-Dwarnings");
        self.step("documentation", |stop| run(&mut command, stop))
    }

    fn page(&mut self, page: &Page) -> Result<()> {
        ensure!(is_installed("npm"), "npm is not installed: the page needs it, or use --no-web");
        if let Some(mut install) = page.install() {
            self.step("page: packages", |stop| run(&mut install, stop))?;
        }
        for (name, arguments) in [
            ("page: types", &["run", "check"][..]),
            ("page: tests", &["test"]),
            ("page: build", &["run", "build"]),
        ] {
            let mut command: Command = page.npm(arguments);
            self.step(name, |stop| run(&mut command, stop))?;
        }
        Ok(())
    }

    fn cargo(&mut self, name: &'static str, arguments: &[&str]) -> Result<()> {
        self.step(name, |stop| run(&mut cargo(arguments), stop))
    }

    fn step<T>(&mut self, name: &'static str, work: impl FnOnce(&Stop) -> Result<T>) -> Result<T> {
        note(&format!("{name} …"));
        let start = Instant::now();
        let result = work(&self.stop);
        self.table.add(name, start.elapsed(), result.is_ok());
        result.with_context(|| name.to_owned())
    }
}

/// Runs all test programs. Fails with the names of those that failed.
fn run_tests(
    programs: Vec<Program>,
    arguments: &[&str],
    servers: &Servers,
    failures: &Failures,
    stop: &Stop,
) -> Result<()> {
    let settings = servers.test_settings();
    let logs = checkout::target().join("test").join("logs");
    let runner = Runner { jobs: JOBS, arguments, settings: &settings, logs: &logs, stop };
    let mut failed = Vec::new();
    let mut tests = 0;
    runner.run(programs, |ran| {
        tests += ran.tests();
        if ran.tests() > 0 || !ran.has_passed {
            say(&format!("\n{} ({:.1} s)", ran.name, ran.took.as_secs_f64()));
            ran.log.lines().for_each(say);
        }
        ran.log.lines().for_each(|line| failures.read(line));
        if !ran.has_passed {
            failed.push(ran.name.clone());
        }
    })?;
    ensure!(tests > 0, "no test has {arguments:?} in its name");
    ensure!(failed.is_empty(), "{}", failed.join(", "));
    Ok(())
}

fn joined(servers: JoinHandle<Result<Servers>>) -> Result<Servers> {
    servers.join().expect("starting servers does not panic")
}
