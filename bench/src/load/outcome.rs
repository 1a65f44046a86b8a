//! Outcomes of requests. Wins, refusals, time-outs and errors are counted separately.

use serde::Serialize;

use crate::http::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It got what it asked for.
    Won,
    /// Refused for good: the tickets are taken.
    Refused,
    /// 503: the buyer should try again later.
    Unavailable,
    /// No decision came in time.
    TimedOut,
    /// Anything else: a broken connection, an unexpected status.
    Failed,
}

impl Outcome {
    /// The meaning of the HTTP status of a booking or a payment.
    pub fn of_status(status: u16) -> Self {
        match status {
            200 | 201 | 304 => Self::Won,
            402 | 409 => Self::Refused,
            503 => Self::Unavailable,
            202 => Self::TimedOut,
            _ => Self::Failed,
        }
    }

    /// The meaning of an exchange without an answer.
    pub fn of_failure(failure: &Failure) -> Self {
        match failure {
            Failure::TimedOut => Self::TimedOut,
            Failure::Broken(_) => Self::Failed,
        }
    }

    /// Whether the system decided, either way.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Won | Self::Refused)
    }
}

/// Number of requests by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub won: u64,
    pub refused: u64,
    pub unavailable: u64,
    pub timed_out: u64,
    pub failed: u64,
}

impl Counts {
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Won => self.won += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Unavailable => self.unavailable += 1,
            Outcome::TimedOut => self.timed_out += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    pub fn decided(&self) -> u64 {
        self.won + self.refused
    }

    pub fn all(&self) -> u64 {
        self.decided() + self.unavailable + self.timed_out + self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_ends_undecided_is_a_time_out() {
        assert_eq!(Outcome::of_status(202), Outcome::TimedOut);
        assert_eq!(Outcome::of_status(201), Outcome::Won);
        assert_eq!(Outcome::of_status(409), Outcome::Refused);
        assert_eq!(Outcome::of_status(503), Outcome::Unavailable);
        assert_eq!(Outcome::of_status(422), Outcome::Failed);
        assert_eq!(Outcome::of_status(500), Outcome::Failed);
    }

    #[test]
    fn every_request_is_counted_once() {
        use Outcome::{Failed, Refused, TimedOut, Unavailable, Won};
        let mut counts = Counts::default();
        for outcome in [Won, Won, Refused, Unavailable, TimedOut, Failed] {
            counts.add(outcome);
        }
        assert_eq!((counts.won, counts.decided(), counts.all()), (2, 3, 6));
    }
}
