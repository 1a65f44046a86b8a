//! Ticket numbers in their compact form: runs of three and more as `[first, last]`.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A ticket, or all from a first to a last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    One(i32),
    /// Both ends are included.
    Range(i32, i32),
}

/// A ticket, or the first and the last of three and more.
#[derive(Debug, Serialize, ToSchema)]
#[expect(dead_code, reason = "the schema of what `Run` writes")]
#[serde(untagged)]
pub(crate) enum TicketOrRange {
    Ticket(i32),
    /// The first and the last, both included.
    Range([i32; 2]),
}

impl Serialize for Run {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(ticket) => serializer.serialize_i32(*ticket),
            Self::Range(first, last) => [first, last].serialize(serializer),
        }
    }
}

pub(crate) fn runs(numbers: impl IntoIterator<Item = i32>) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut open: Option<(i32, i32)> = None;
    for number in numbers {
        open = match open {
            Some((first, last)) if last + 1 == number => Some((first, number)),
            closed => {
                push(&mut runs, closed);
                Some((number, number))
            }
        };
    }
    push(&mut runs, open);
    runs
}

fn push(runs: &mut Vec<Run>, closed: Option<(i32, i32)>) {
    match closed {
        None => {}
        Some((first, last)) if last - first >= 2 => runs.push(Run::Range(first, last)),
        Some((first, last)) => runs.extend((first..=last).map(Run::One)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_of_three_and_more_are_ranges() {
        let json = |numbers: &[i32]| serde_json::to_string(&runs(numbers.iter().copied())).unwrap();
        assert_eq!(json(&[]), "[]");
        assert_eq!(json(&[4]), "[4]");
        assert_eq!(json(&[4, 5]), "[4,5]");
        assert_eq!(json(&[1, 4, 5, 6, 9, 10, 11, 12, 20]), "[1,[4,6],[9,12],20]");
    }
}
