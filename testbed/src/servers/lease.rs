//! The sole use of a server's directory, and what was left running in it.

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

/// The lock file, and the file with a line `pid marker` for each running process.
pub(super) const FILES: [&str; 2] = ["lock", "running"];

/// Held as long as a server uses the directory.
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

/// Locks the directory for as long as the file is open; an error for [`is_taken`] if another
/// process has done so.
pub(super) fn lock(dir: &Path) -> Result<File> {
    let file = File::create(dir.join(FILES[0]))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Taken(dir.to_path_buf()).into()),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the directory"),
    }
}

/// Whether this is the error of a directory that another process uses.
pub(super) fn is_taken(error: &anyhow::Error) -> bool {
    error.is::<Taken>()
}

impl Lease {
    /// Takes the directory, or fails when another process uses it. Servers that a killed process
    /// left running in it are stopped first.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let lock = lock(dir)?;
        let running = dir.join(FILES[1]);
        end_stale(&fs::read_to_string(&running).unwrap_or_default())?;
        let lease = Self { _lock: lock, running };
        lease.record(&[])?;
        Ok(lease)
    }

    /// Notes what runs now: process ids, each with a part of its command line that no other
    /// program's has.
    pub(super) fn record(&self, processes: &[(u32, &str)]) -> Result<()> {
        let lines = processes.iter().map(|(pid, marker)| format!("{pid} {marker}\n"));
        fs::write(&self.running, lines.collect::<Vec<_>>().concat())
            .context("cannot note what is running")
    }
}

fn end_stale(noted: &str) -> Result<()> {
    for (pid, marker) in noted.lines().filter_map(parse) {
        // The number may have become another program's since.
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

/// The arguments of a process with blanks between them; empty when there is no such process.
fn command_line(pid: u32) -> String {
    if let Ok(bytes) = fs::read(format!("/proc/{pid}/cmdline")) {
        return String::from_utf8_lossy(&bytes).replace('\0', " ");
    }
    let ps = Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()]).output();
    ps.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Politely, then less so: Postgres waits for its clients on TERM, and goes at once on QUIT.
fn end(pid: u32, marker: &str) -> Result<()> {
    for signal in [Signal::TERM, Signal::QUIT, Signal::KILL] {
        // It may end between a look and the signal.
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
        // The kernel tells of the new program a moment before it shows the arguments.
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
