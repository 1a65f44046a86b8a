//! `cargo xtask test`: everything that is tested, cheapest first.

mod failures;
mod licences;
mod table;

use std::process::{Command, ExitCode};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use xtask::servers::{self, Servers};
use xtask::{checkout, note};

use super::page::Page;
use super::run::{cargo, is_installed, run, run_read};
use super::say::say;
use super::stop::Stop;
use failures::Failures;
use table::Table;

/// What to test.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Run only the Rust tests with this in their names, and none of the other steps
    filter: Option<String>,
    /// Leave the page out
    #[arg(long)]
    no_web: bool,
}

/// Runs the steps up to the first that fails, and shows how long each took.
pub(crate) fn test(arguments: &Arguments) -> Result<ExitCode> {
    let stop = Stop::listen()?;
    let mut steps = Steps { stop, table: Table::new(), failures: Failures::default() };
    let result = match &arguments.filter {
        Some(filter) => steps.rust_tests(&["--", filter.as_str()]),
        None => steps.everything(!arguments.no_web),
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
    fn everything(&mut self, web: bool) -> Result<()> {
        self.cargo("format", &["fmt", "--all", "--check"])?;
        self.step("licences and sources", |_| licences::check())?;
        self.deny()?;
        // The browser's tests are Rust tests, too: they need the stack.
        let mut tests: &[&str] = &[];
        match Page::find(&checkout::root()) {
            Some(page) if web => self.page(&page)?,
            _ => {
                self.table.skip("page", "--no-web");
                tests = &["--", "--skip", "the_page_in_a_browser"];
            }
        }
        self.cargo(
            "lints",
            &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        )?;
        // As users build them: without the features that the rest of the workspace switches on.
        self.cargo("programs alone", &["check", "-p", "api", "-p", "workers", "--locked"])?;
        self.docs()?;
        self.step("alerts: Prometheus", |_| servers::ensure_prometheus())?;
        self.rust_tests(tests)
    }

    /// The build, with the servers starting meanwhile, and the tests on these.
    fn rust_tests(&mut self, arguments: &[&str]) -> Result<()> {
        let servers = thread::spawn(servers::for_tests);
        let built = self.cargo("build", &["build", "--workspace", "--all-targets", "--locked"]);
        // Whatever became of the build: servers that have been started are stopped with this value.
        let servers = self.step("wait for servers", |_| joined(servers));
        built?;
        let servers = servers?;
        let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
        tests.args(arguments).envs(servers.test_settings());
        let failures = self.failures.clone();
        self.step("tests", |stop| {
            run_read(&mut tests, stop, move |line| {
                say(&line);
                failures.read(&line);
            })
        })
    }

    /// `cargo deny` says more than our own check, but is not on every machine, and building it takes minutes.
    fn deny(&mut self) -> Result<()> {
        if !is_installed("cargo-deny") {
            self.table.skip("cargo deny", "not installed; our own check has run");
            return Ok(());
        }
        self.cargo("cargo deny", &["deny", "check", "bans", "licenses", "sources"])
    }

    fn docs(&mut self) -> Result<()> {
        let mut command =
            cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
        command.env("RUSTDOCFLAGS", "-Dwarnings");
        self.step("documentation", |stop| run(&mut command, stop))
    }

    fn page(&mut self, page: &Page) -> Result<()> {
        ensure!(is_installed("npm"), "npm is not installed: the page needs it, or use --no-web");
        self.step("page: browser", |_| servers::ensure_browser())?;
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

fn joined(servers: JoinHandle<Result<Servers>>) -> Result<Servers> {
    servers.join().expect("starting servers does not panic")
}
