//! The result of a decision on locked rows.

use super::Footprint;

/// A decision, or the locks that it needs. Inside a decision, a `Result<T, Footprint>` means the
/// same, so that `?` can pass on the missing locks; `from` converts it.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<T> {
    Made(T),
    /// These rows must be locked as well. The changes in the ledger so far must be discarded.
    NeedsLocks(Footprint),
}

impl<T> Decision<T> {
    /// Made, unless locks are missing.
    pub fn unless_needed(need: Footprint, made: T) -> Self {
        if need.is_empty() { Self::Made(made) } else { Self::NeedsLocks(need) }
    }
}

impl<T> From<Result<T, Footprint>> for Decision<T> {
    fn from(decided: Result<T, Footprint>) -> Self {
        match decided {
            Ok(made) => Self::Made(made),
            Err(need) => Self::NeedsLocks(need),
        }
    }
}
