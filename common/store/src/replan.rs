//! When statements are planned again. A connection keeps a generic plan as long as it lives. A plan
//! that was made when a table had a few hundred rows reads the whole table for every batch. In a
//! small database, the first large sale would become slower with each reservation, until autovacuum
//! updates the statistics.

use std::sync::atomic::{AtomicU64, Ordering};

use super::text::{BEGIN, BEGIN_WITH_NEW_PLANS};

/// The first transactions of a process all plan again, because the tables may be new as well.
const FIRST: u64 = 64;
/// After that, one of this many plans again: planning takes about a millisecond.
const EVERY: u64 = 16;

/// What a transaction does with the plans of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plans {
    Kept,
    /// Discards them, so that each statement is planned again.
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

/// Counts the transactions of a process, to know when to plan again.
#[derive(Debug, Default)]
pub struct Replan(AtomicU64);

impl Replan {
    /// Counts a transaction, and returns what it does with its plans.
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
