//! When the plans of a pool's statements are made anew. A generic plan is kept for as long as its
//! connection, and one that was made when a table had a few hundred rows reads the whole table for
//! every batch: a small house's first large sale would cost more with each reservation, until
//! autovacuum comes by.

use std::sync::atomic::{AtomicU64, Ordering};

use super::text::{BEGIN, BEGIN_WITH_NEW_PLANS};

/// So many transactions of a process plan anew, because its tables may be new, too.
const FIRST: u64 = 64;
/// And then each one of so many: planning takes about a millisecond.
const EVERY: u64 = 16;

/// What a transaction does with the plans that its connection keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plans {
    /// Uses them.
    Kept,
    /// Has them made anew.
    Anew,
}

impl Plans {
    pub(super) const fn begin_statement(self) -> &'static str {
        match self {
            Self::Kept => BEGIN,
            Self::Anew => BEGIN_WITH_NEW_PLANS,
        }
    }
}

/// Counts the transactions of a process.
#[derive(Debug, Default)]
pub struct Replan(AtomicU64);

impl Replan {
    /// The plans of the next transaction.
    pub fn next_plans(&self) -> Plans {
        if is_due(self.0.fetch_add(1, Ordering::Relaxed)) { Plans::Anew } else { Plans::Kept }
    }
}

fn is_due(number: u64) -> bool {
    number < FIRST || number.is_multiple_of(EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_plan_anew_and_then_one_of_many() {
        assert_eq!((0..FIRST).filter(|number| is_due(*number)).count() as u64, FIRST);
        let later = FIRST..FIRST + 100 * EVERY;
        assert_eq!(later.filter(|number| is_due(*number)).count(), 100);
    }
}
