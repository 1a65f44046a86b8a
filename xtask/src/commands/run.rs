//! Runs a command to its end, unless the user stops it.

use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use testbed::note;
use testbed::process::{Process, Signal};

use super::lines::next_line;
use super::stop::Stop;

const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long to wait for the last lines after a command has ended.
const LAST_LINES: Duration = Duration::from_secs(10);

/// The user has stopped a command.
#[derive(Debug)]
pub(crate) struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// A command without input, in this directory.
pub(crate) fn command(program: &str, arguments: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(dir).stdin(Stdio::null());
    command.env("TMPDIR", testbed::checkout::temporary());
    command
}

/// The same cargo that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(&cargo, arguments, &testbed::checkout::root());
    // Cargo sets variables about this program's package. In another build they would cause needless
    // compilation.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        }) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a program of this name can be started.
pub(crate) fn is_installed(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Runs the command. Fails if it fails. If the user stops it, all its processes are stopped, and
/// the error is [`Stopped`].
pub(crate) fn run(command: &mut Command, stop: &Stop) -> Result<()> {
    let process = Process::spawn_group(command, Signal::TERM)?;
    to_its_end(process, command, stop)
}

/// The same; every line of its standard output is passed to `read`.
pub(crate) fn run_read(
    command: &mut Command,
    stop: &Stop,
    mut read: impl FnMut(String) + Send + 'static,
) -> Result<()> {
    command.stdout(Stdio::piped());
    let mut process = Process::spawn_group(command, Signal::TERM)?;
    let out = process.child().stdout.take().expect("stdout is piped");
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        let mut out = BufReader::new(out);
        while let Some(line) = next_line(&mut out) {
            read(line);
        }
        // The send fails if the wait is over already, because the pipe was open for too long.
        let _ = done.send(());
    });
    let outcome = to_its_end(process, command, stop);
    if is_done.recv_timeout(LAST_LINES).is_err() {
        note("something that the command has left behind keeps its output open");
    }
    outcome
}

fn to_its_end(mut process: Process, command: &Command, stop: &Stop) -> Result<()> {
    loop {
        if let Some(status) = process.exited()? {
            ensure!(status.success(), "{}: {status}", shown(command));
            return Ok(());
        }
        if stop.wait(LOOK_AGAIN) {
            process.stop(Signal::TERM, Duration::from_secs(10))?;
            bail!(Stopped);
        }
    }
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
