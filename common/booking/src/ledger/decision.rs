//! What deciding over locked rows comes to.

use super::Footprint;

/// A decision, or what it needs. Within a decision a `Result<T, Footprint>` stands for the same, so
/// that `?` can pass on what must be locked; `from` turns it into a decision.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<T> {
    Made(T),
    /// These rows must be locked as well. What the ledger has moved so far counts for nothing.
    NeedsLocks(Footprint),
}

impl<T> Decision<T> {
    /// Made, unless rows are missing.
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
