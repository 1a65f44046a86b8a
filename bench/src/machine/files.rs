//! The limit of open sockets of a process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit of open files and sockets, for this process and those that it starts. Raises it as far
/// as the machine allows.
pub fn open_files_max() -> usize {
    const WANTED: u64 = 200_000;
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: Some(WANTED), maximum: Some(WANTED) };
    let has_enough = now.current.is_none_or(|current| current >= WANTED);
    if !has_enough && setrlimit(Resource::Nofile, raised).is_err() {
        // Without the right to raise the hard limit, raise the soft limit up to it.
        let _kept = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, ..now });
    }
    let current = getrlimit(Resource::Nofile).current.unwrap_or(WANTED);
    usize::try_from(current.min(WANTED)).unwrap_or(usize::MAX)
}
