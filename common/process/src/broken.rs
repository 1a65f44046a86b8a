//! Ways to break a process on purpose, to prove that the tests notice. Not in release builds.
//!
//! `BOXOFFICE_BREAK=name` breaks the process in that way for its whole life. `cargo xtask broken`
//! runs the tests against each.

/// One deliberate defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// An envelope is acked when it comes, before anything is committed.
    AckBeforeCommit,
    /// Outcomes are published before their transaction is committed.
    PublishBeforeCommit,
    /// A request that was decided before is decided again, as if it were a new one.
    NoDedupe,
    /// Neither rows nor customers are locked.
    NoLock,
    /// Whether a hold is due is decided by the worker's clock, not by the database's.
    ExpiryByTheWorkersClock,
}

impl Break {
    /// The value of `BOXOFFICE_BREAK` that selects it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack-before-commit",
            Self::PublishBeforeCommit => "publish-before-commit",
            Self::NoDedupe => "no-dedupe",
            Self::NoLock => "no-lock",
            Self::ExpiryByTheWorkersClock => "expiry-by-the-workers-clock",
        }
    }

    /// Whether this process has this defect. Never in a release build.
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
