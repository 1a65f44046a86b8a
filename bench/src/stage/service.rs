//! One process and its log.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testbed::process::{Process, Signal};

use crate::http::{Pool, Request};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running process. It is stopped when this is dropped.
pub struct Service {
    process: Process,
    log: PathBuf,
    listening: Receiver<Value>,
}

impl Service {
    /// Starts a program from the folder of this one. Its log goes to a file.
    pub fn start(
        program: &str,
        arguments: &[&str],
        environment: &[(String, String)],
        log: PathBuf,
    ) -> Result<Self> {
        let path = std::env::current_exe()?.with_file_name(program);
        ensure!(path.exists(), "{} is not built: use cargo xtask bench", path.display());
        let mut command = Command::new(path);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut process = Process::spawn(&mut command, Signal::TERM)?;
        let output = process.child().stdout.take().context("its output is piped")?;
        let mut file =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let (sender, listening) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Keep reading when the disk is full: otherwise the pipe fills, and the process
                // blocks.
                let _written = writeln!(file, "{line}");
                if line.contains("\"listening\"") {
                    let _heard = serde_json::from_str(&line).map(|line| sender.send(line));
                }
            }
        });
        Ok(Self { process, log, listening })
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The address that it listens on: the field of that name in its log line. Waits for the line.
    pub fn address(&self, field: &str) -> Result<SocketAddr> {
        let line = self.listening.recv_timeout(START_TIMEOUT).with_context(|| {
            format!("it never said where it listens; its log is {}", self.log.display())
        })?;
        let address = line[field].as_str().context("an address in the line")?;
        Ok(address.parse()?)
    }

    /// Stops it, and waits for its end.
    pub fn stop(mut self) -> Result<()> {
        let status = self.process.stop(Signal::TERM, STOP_TIMEOUT)?;
        let log = Path::display(&self.log);
        ensure!(status.success(), "a process ended with {status} after SIGTERM; its log is {log}");
        Ok(())
    }

    /// An error if it has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        let ended = self.process.exited()?;
        ensure!(ended.is_none(), "a process has ended; its log is {}", self.log.display());
        Ok(())
    }
}

/// Waits until a process reports that it is ready.
pub(super) async fn ready(address: SocketAddr) -> Result<()> {
    let pool = Pool::new(address, 1, START_TIMEOUT);
    let deadline = Instant::now() + START_TIMEOUT;
    let request = Request::get("/readyz", "");
    while pool.ask(&request, |answer| answer.status).await != Ok(200) {
        ensure!(Instant::now() < deadline, "{address} was not ready within {START_TIMEOUT:?}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}
