//! What a buyer is going to do.

/// One of a few ways to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Picks seats that others want too, and pays.
    Pick,
    /// Takes the best that there is, and pays.
    Best,
    /// Pays with a card that is declined, then with a good one.
    Declined,
    /// Pays with a card that has not enough on it, and cancels.
    TooPoor,
    /// Pays with a card that works at the second attempt.
    ProcessingError,
    /// Changes their mind.
    Cancel,
    /// Walks away and lets the hold run out.
    RunOut,
}

impl Plan {
    /// Every dozen buyers have all kinds among them.
    pub(super) fn of(buyer: usize) -> Self {
        use Plan::{Best, Cancel, Declined, Pick, ProcessingError, RunOut, TooPoor};
        const DOZEN: [Plan; 12] = [
            Pick,
            Best,
            Pick,
            Declined,
            Pick,
            RunOut,
            ProcessingError,
            Pick,
            Cancel,
            Best,
            Pick,
            TooPoor,
        ];
        DOZEN[buyer % DOZEN.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dozen_buyers_are_of_all_kinds() {
        let kinds = [
            Plan::Pick,
            Plan::Best,
            Plan::Declined,
            Plan::TooPoor,
            Plan::ProcessingError,
            Plan::Cancel,
            Plan::RunOut,
        ];
        for kind in kinds {
            assert!((0..12).any(|buyer| Plan::of(buyer) == kind), "{kind:?}");
        }
    }
}
