//! Prints the output of all processes as one log; each line has the name of its process.

use std::collections::VecDeque;
use std::io::{BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use testbed::process::{Process, Signal};

use crate::commands::lines::next_line;
use crate::commands::run::Stopped;
use crate::commands::say::{has_colours, say};
use crate::commands::stop::Stop;

/// How many last lines of each process are kept, to show them if it dies.
const LAST_LINES: usize = 20;
const NAME_WIDTH: usize = 12;
/// Cyan, yellow, green, magenta, blue, red; only names are coloured.
const COLOURS: [u8; 6] = [36, 33, 32, 35, 34, 31];

pub(super) type LastLines = Arc<Mutex<VecDeque<String>>>;

/// The log that all processes write to.
pub(super) struct Output {
    colours: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { colours: has_colours() }
    }

    /// Starts a process that writes to this log.
    pub(super) fn spawn(
        &self,
        name: &str,
        command: &mut Command,
        last: &LastLines,
    ) -> Result<Process> {
        let (process, _) = self.spawn_with_readers(name, command, last)?;
        Ok(process)
    }

    /// Runs a process to its end.
    pub(super) fn run(&self, name: &str, command: &mut Command, stop: &Stop) -> Result<()> {
        let last = LastLines::default();
        let (mut process, readers) = self.spawn_with_readers(name, command, &last)?;
        loop {
            if let Some(status) = process.exited()? {
                for reader in readers {
                    reader.join().expect("reading lines does not panic");
                }
                ensure!(status.success(), "{status}\n{}", shown(&last));
                return Ok(());
            }
            if stop.wait(Duration::from_millis(20)) {
                process.stop(Signal::TERM, Duration::from_secs(10))?;
                bail!(Stopped);
            }
        }
    }

    fn spawn_with_readers(
        &self,
        name: &str,
        command: &mut Command,
        last: &LastLines,
    ) -> Result<(Process, [JoinHandle<()>; 2])> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // KILL is right if this program is killed: the servers end at the same moment, so there is
        // nothing left to drain.
        let mut process = Process::spawn(command, Signal::KILL)?;
        let prefix = self.prefix(name);
        let child = process.child();
        let out = child.stdout.take().expect("stdout is piped");
        let err = child.stderr.take().expect("stderr is piped");
        let readers = [copy(out, prefix.clone(), last.clone()), copy(err, prefix, last.clone())];
        Ok((process, readers))
    }

    fn prefix(&self, name: &str) -> String {
        let name = format!("{name:<NAME_WIDTH$}");
        if !self.colours {
            return format!("{name} | ");
        }
        let sum: usize = name.bytes().map(usize::from).sum();
        format!("\x1b[{}m{name} |\x1b[0m ", COLOURS[sum % COLOURS.len()])
    }
}

/// The lines, formatted for an error message.
pub(super) fn shown(last: &LastLines) -> String {
    let last = last.lock().expect("no holder panics");
    last.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn copy(from: impl Read + Send + 'static, prefix: String, last: LastLines) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        while let Some(line) = next_line(&mut from) {
            say(&format!("{prefix}{line}"));
            let mut last = last.lock().expect("no holder panics");
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_line_up_and_are_coloured_on_a_terminal_only() {
        assert_eq!(Output { colours: false }.prefix("api"), "api          | ");
        let coloured = Output { colours: true }.prefix("reservations");
        assert!(coloured.contains("mreservations |\x1b[0m "), "{coloured:?}");
    }

    #[test]
    fn a_process_that_fails_is_quoted() {
        let stop = Stop::listen().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo told; exit 3"]);
        let error = Output { colours: false }.run("task", &mut command, &stop).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("exit status: 3") && told.contains("  told"), "{told}");
    }
}
