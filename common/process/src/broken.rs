//! Ways to break a process on purpose, to prove that the tests notice. Not in release builds.
//!
//! `BOXOFFICE_BREAK=name` breaks the process in that way for its whole life. `cargo xtask broken`
//! runs the tests against each.

/// A way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// An envelope is acked when it comes, before anything is committed.
    AckBeforeCommit,
    /// Outcomes are told before their transaction is committed.
    PublishBeforeCommit,
    /// A request that was decided before is decided once more, as if it were another one.
    NoDedupe,
    /// Neither rows nor customers are locked.
    NoLock,
    /// What is due is decided by the clock of the worker.
    ExpiryByTheWorkersClock,
}

impl Break {
    /// Its name in the environment.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack-before-commit",
            Self::PublishBeforeCommit => "publish-before-commit",
            Self::NoDedupe => "no-dedupe",
            Self::NoLock => "no-lock",
            Self::ExpiryByTheWorkersClock => "expiry-by-the-workers-clock",
        }
    }

    /// Whether this process is broken in this way. Never in a release build.
    #[inline]
    pub fn is_on(self) -> bool {
        #[cfg(debug_assertions)]
        {
            use std::sync::LazyLock;
            static WANTED: LazyLock<Option<String>> =
                LazyLock::new(|| std::env::var("BOXOFFICE_BREAK").ok());
            WANTED.as_deref() == Some(self.name())
        }
        #[cfg(not(debug_assertions))]
        false
    }
}
