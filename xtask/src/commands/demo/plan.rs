//! What a buyer will do.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Picks seats that other buyers want too, and pays.
    Pick,
    /// Takes the best available tickets, and pays.
    Best,
    /// Pays with a card that is declined, then with a good one.
    Declined,
    /// Pays with a card without enough money, and cancels.
    TooPoor,
    /// Pays with a card that works at the second attempt.
    ProcessingError,
    /// Reserves, then cancels.
    Cancel,
    /// Does nothing more, so that the hold expires.
    RunOut,
}

impl Plan {
    /// Twelve buyers in a row have all kinds among them.
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
