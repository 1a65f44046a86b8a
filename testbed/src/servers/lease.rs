//! Gives one process the sole use of a server's directory, and stops servers that a killed process
//! has left running in it.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::note;
use crate::process::{self, LOOK_AGAIN, Signal};

/// The lock file, and the file with one line `pid marker` for each running process.
pub(super) const FILES: [&str; 2] = ["lock", "running"];

/// Exists as long as a server uses the directory.
pub(super) struct Lease {
    _lock: File,
    running: PathBuf,
}

/// Another process uses the directory.
#[derive(Debug)]
struct Taken(PathBuf);

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is in use by another run", self.0.display())
    }
}

impl Error for Taken {}

/// Locks the directory for as long as the file is open. If another process has locked it, the error
/// satisfies [`is_taken`].
pub(super) fn lock(dir: &Path) -> Result<File> {
    let file = File::create(dir.join(FILES[0]))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Taken(dir.to_path_buf()).into()),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the directory"),
    }
}

/// Whether the error means that another process uses the directory.
pub(super) fn is_taken(error: &anyhow::Error) -> bool {
    error.is::<Taken>()
}

impl Lease {
    /// Locks the directory, or fails if another process uses it. Then stops servers that a killed
    /// process left running in it.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let lock = lock(dir)?;
        let running = dir.join(FILES[1]);
        end_stale(&fs::read_to_string(&running).unwrap_or_default())?;
        let lease = Self { _lock: lock, running };
        lease.record(&[])?;
        Ok(lease)
    }

    /// Records the running processes: each id with a part of its command line that no other program
    /// has.
    pub(super) fn record(&self, processes: &[(u32, &str)]) -> Result<()> {
        let lines = processes.iter().map(|(pid, marker)| format!("{pid} {marker}\n"));
        fs::write(&self.running, lines.collect::<Vec<_>>().concat())
            .context("cannot note what is running")
    }
}

fn end_stale(noted: &str) -> Result<()> {
    for (pid, marker) in noted.lines().filter_map(parse) {
        // Another program may have got the process id since then.
        if !command_line(pid).contains(marker) {
            continue;
        }
        note(&format!("stopping process {pid} ({marker}) that a killed run left behind"));
        end(pid, marker)?;
    }
    Ok(())
}

fn parse(line: &str) -> Option<(u32, &str)> {
    let (pid, marker) = line.split_once(' ')?;
    Some((pid.parse().ok()?, marker)).filter(|(_, marker)| !marker.is_empty())
}

/// The arguments of a process, separated by spaces; empty if there is no such process.
fn command_line(pid: u32) -> String {
    if let Ok(bytes) = fs::read(format!("/proc/{pid}/cmdline")) {
        return String::from_utf8_lossy(&bytes).replace('\0', " ");
    }
    let ps = Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()]).output();
    ps.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Sends stronger signals one after the other: on TERM Postgres waits for its clients, on QUIT it
/// ends at once.
fn end(pid: u32, marker: &str) -> Result<()> {
    for signal in [Signal::TERM, Signal::QUIT, Signal::KILL] {
        // The process may end between the check and the signal.
        let _ = process::signal(pid, signal);
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if !command_line(pid).contains(marker) {
                return Ok(());
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
    bail!("process {pid} cannot be stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_pid_and_a_marker() {
        assert_eq!(parse("12 -D /a b/c"), Some((12, "-D /a b/c")));
        assert_eq!(parse("12"), None);
        assert_eq!(parse("12 "), None);
        assert_eq!(parse("x y"), None);
    }

    #[test]
    fn only_the_process_that_was_noted_is_stopped() {
        let mut other = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = other.id();
        // The kernel reports the new program a moment before its arguments can be read.
        while command_line(pid).is_empty() {
            thread::yield_now();
        }
        end_stale(&format!("{pid} sleep 601\n")).unwrap();
        assert!(other.try_wait().unwrap().is_none());

        let waiting = thread::spawn(move || other.wait().unwrap());
        end_stale(&format!("{pid} sleep 600\n")).unwrap();
        assert!(!waiting.join().unwrap().success());
    }

    #[test]
    fn a_directory_has_one_user() {
        let dir = std::env::temp_dir().join(format!("boxoffice-lease-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let lease = Lease::take(&dir).unwrap();
        assert!(is_taken(&Lease::take(&dir).err().unwrap()));
        drop(lease);
        Lease::take(&dir).unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }
}
