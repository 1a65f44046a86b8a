//! One process of Boxoffice, and its log.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use testbed::process::{Process, Signal};
use tokio::sync::watch;

use crate::PATIENCE;

/// A running process. It is stopped when the test ends, even by a panic.
pub struct Service {
    process: Process,
    log: Arc<Log>,
}

struct Log {
    name: String,
    lines: Mutex<Vec<Value>>,
    grown: watch::Sender<usize>,
}

impl Service {
    /// Starts a binary of this checkout with these arguments and this environment.
    pub fn start(
        binary: &str,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Result<Self> {
        let path = testbed::checkout::target().join("debug").join(binary);
        anyhow::ensure!(path.exists(), "{} is not built: cargo xtask test", path.display());
        let mut command = Command::new(path);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut process = Process::spawn(&mut command, Signal::KILL)?;
        let name = format!("{binary} {}", arguments.join(" "));
        let output = process.child().stdout.take().context("its output")?;
        let log = Log { name, lines: Mutex::default(), grown: watch::Sender::new(0) };
        let log = Arc::new(log);
        let to = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                to.add(&line);
            }
        });
        Ok(Self { process, log })
    }

    /// Waits for the first log line that fits, from the beginning of the log.
    pub async fn line(&self, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut grown = self.log.grown.subscribe();
        let wait = async {
            loop {
                grown.borrow_and_update();
                if let Some(line) = self.lines().into_iter().find(&fits) {
                    return line;
                }
                if grown.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let missing = || format!("{} never logged it; it logged {:#?}", self.log.name, self.tail());
        tokio::time::timeout(PATIENCE, wait).await.with_context(missing)
    }

    /// Waits for the log line with this message.
    pub async fn message(&self, message: &str) -> Result<Value> {
        self.line(|line| line["message"] == message).await
    }

    /// The log so far.
    pub fn lines(&self) -> Vec<Value> {
        self.log.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) -> Result<()> {
        self.process.stop(Signal::KILL, Duration::from_secs(5))?;
        Ok(())
    }

    /// Waits until a process ends that was asked to. Returns how it ended.
    pub fn ended(mut self) -> Result<ExitStatus> {
        // CONT changes nothing for a running process.
        self.process.stop(Signal::CONT, PATIENCE)
    }

    /// Sends SIGTERM. Returns how it ended.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        self.process.stop(Signal::TERM, PATIENCE)
    }

    fn tail(&self) -> Vec<String> {
        let lines = self.lines();
        lines.iter().rev().take(20).rev().map(ToString::to_string).collect()
    }
}

impl Log {
    fn add(&self, line: &str) {
        let line = serde_json::from_str(line).unwrap_or_else(|_| Value::String(line.to_owned()));
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
        self.grown.send_replace(lines.len());
    }
}
