//! The limit of open files: every connection needs one, and the usual default is too low.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that are not client connections: logs, the broker, the database, the page.
const RESERVED: usize = 128;

/// Raises the limit of open files to what the system allows, and returns how many connections fit.
pub(crate) fn connections_max() -> usize {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limits.maximum, maximum: limits.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    // None means unlimited.
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(RESERVED).max(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_is_allowed() {
        let fit = connections_max();
        let limits = getrlimit(Resource::Nofile);
        assert_eq!(limits.current, limits.maximum);
        assert!(fit >= 1);
    }
}
