//! What a reader of figures must know of the machine.

use std::fs;
use std::process::Command;

use serde::Serialize;

/// The machine and the servers on it.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// Its cores.
    pub cores: usize,
    /// What they are.
    pub processor: String,
    /// Its memory in MiB.
    pub memory_mib: u64,
    /// Its kernel.
    pub kernel: String,
    /// Postgres and its settings that matter.
    pub postgres: String,
    /// RabbitMQ.
    pub rabbitmq: String,
    /// The commit that was built, with a mark where files had changed since.
    pub commit: String,
    /// Debug or release.
    pub build: &'static str,
    /// Files and sockets that one process may have open.
    pub open_files_max: usize,
    /// When the run began.
    pub started_at: String,
}

impl About {
    /// Looks; what the servers say of themselves is handed in.
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
