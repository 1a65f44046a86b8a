//! What a reader of the figures must know about the machine.

use std::fs;
use std::process::Command;

use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub struct About {
    pub cores: usize,
    /// Model name, from `/proc/cpuinfo`.
    pub processor: String,
    pub memory_mib: u64,
    pub kernel: String,
    /// Its version, and the settings that affect speed.
    pub postgres: String,
    /// Its version.
    pub rabbitmq: String,
    /// The commit that was built, with a mark if files had changed since.
    pub commit: String,
    /// Debug or release.
    pub build: &'static str,
    /// The limit of open files and sockets of one process.
    pub open_files_max: usize,
    pub started_at: String,
}

impl About {
    /// Reads the machine's properties. The caller passes what the servers report.
    pub fn look(postgres: String, rabbitmq: String) -> Self {
        let line = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let memory = line("/proc/meminfo", "MemTotal").unwrap_or_default();
        let memory_kb: Option<u64> =
            memory.split_ascii_whitespace().next().and_then(|number| number.parse().ok());
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: line("/proc/cpuinfo", "model name").unwrap_or_default(),
            memory_mib: memory_kb.unwrap_or_default() / 1_024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            postgres,
            rabbitmq,
            commit: commit(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            open_files_max: super::open_files_max(),
            started_at: process::clock::now().to_rfc3339(),
        }
    }
}

fn commit() -> String {
    let root = testbed::checkout::root();
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(&root).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        output.status.success().then_some(text)
    };
    git(&["describe", "--always", "--dirty", "--exclude=*"]).unwrap_or_else(|| "unknown".to_owned())
}
