//! Chooses the best tickets of a section: the first free ones, side by side if requested.

use serde::{Deserialize, Serialize};

use crate::domain::{PlanSection, Reason, SectionKind};
use crate::ids::{SectionNumber, TicketNumber, TierNumber};

/// A request for the best tickets of a kind: the first free ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Best {
    pub quantity: i32,
    /// Only in this section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<SectionNumber>,
    /// Only in this tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierNumber>,
    /// Side by side in one row, or not at all. Ignored for general admission.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub together: bool,
}

impl Best {
    pub(super) fn wants_section(&self, number: SectionNumber) -> bool {
        self.section.is_none_or(|section| section == number)
    }
}

/// Chooses among the free tickets, which are in order of preference; returns them ascending. The
/// error says whether there are too few, or only too few side by side.
pub(super) fn pick_best(
    section: &PlanSection,
    free: &[TicketNumber],
    best: &Best,
) -> Result<Vec<TicketNumber>, Reason> {
    let quantity = best.quantity.max(0) as usize;
    let in_tier =
        |ticket: &TicketNumber| best.tier.is_none_or(|tier| section.tier_of(*ticket) == Some(tier));
    let mut fitting: Vec<TicketNumber> = free.iter().copied().filter(in_tier).collect();
    if quantity == 0 || fitting.len() < quantity {
        return Err(Reason::NotEnoughAvailable);
    }
    if best.together && section.kind == SectionKind::Seated {
        fitting.sort_unstable();
        return first_block(section, &fitting, quantity).ok_or(Reason::NotTogether);
    }
    fitting.truncate(quantity);
    fitting.sort_unstable();
    Ok(fitting)
}

/// The first run of seats side by side that is long enough.
fn first_block(
    section: &PlanSection,
    free: &[TicketNumber],
    quantity: usize,
) -> Option<Vec<TicketNumber>> {
    let neighbours =
        |pair: &[TicketNumber]| pair[1].0 == pair[0].0 + 1 && section.same_row(pair[0], pair[1]);
    free.windows(quantity)
        .find(|block| block.windows(2).all(neighbours))
        .map(<[TicketNumber]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of five: 1 to 5 and 6 to 10; the second row is another tier.
    fn section() -> PlanSection {
        PlanSection {
            number: SectionNumber(1),
            kind: SectionKind::Seated,
            first_ticket: TicketNumber(1),
            capacity: 10,
            tiers: vec![(TicketNumber(1), TierNumber(1)), (TicketNumber(6), TierNumber(2))],
            rows: vec![TicketNumber(1), TicketNumber(6)],
        }
    }

    fn picked(free: &[i32], best: Best) -> Result<Vec<i32>, Reason> {
        let free: Vec<_> = free.iter().copied().map(TicketNumber).collect();
        pick_best(&section(), &free, &best).map(|tickets| tickets.iter().map(|t| t.0).collect())
    }

    fn best(quantity: i32, together: bool) -> Best {
        Best { quantity, section: None, tier: None, together }
    }

    #[test]
    fn neighbours_are_in_one_row() {
        assert_eq!(picked(&[4, 5, 6, 8, 9, 10], best(3, true)), Ok(vec![8, 9, 10]));
        assert_eq!(picked(&[4, 5, 6, 7], best(3, true)), Err(Reason::NotTogether));
        assert_eq!(picked(&[4, 5, 6, 7], best(3, false)), Ok(vec![4, 5, 6]));
    }

    #[test]
    fn too_few_is_not_the_same_as_not_together() {
        assert_eq!(picked(&[1, 3], best(3, true)), Err(Reason::NotEnoughAvailable));
        assert_eq!(picked(&[], best(0, false)), Err(Reason::NotEnoughAvailable));
    }

    #[test]
    fn a_tier_is_kept_to() {
        let front = Best { tier: Some(TierNumber(2)), ..best(2, true) };
        assert_eq!(picked(&[1, 2, 3, 6, 7], front), Ok(vec![6, 7]));
    }

    #[test]
    fn overdue_holds_are_taken_only_when_nothing_else_is_left() {
        assert_eq!(picked(&[7, 8, 1], best(2, false)), Ok(vec![7, 8]), "in order of preference");
    }
}
