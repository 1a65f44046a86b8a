//! What deciding over locked rows comes to.

use super::footprint::Footprint;

/// A decision, or what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<T> {
    /// It is made.
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
