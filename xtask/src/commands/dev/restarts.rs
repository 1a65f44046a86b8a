//! Decides how often a dead service is started again.

use std::time::Duration;

/// A service that ran for this long counts as healthy.
const WELL: Duration = Duration::from_secs(30);
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(8);
const QUICK_DEATHS: u32 = 6;

/// What to do after a service has died.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    StartAgainAfter(Duration),
    GiveUp,
}

/// Consecutive deaths of one service, each soon after its start.
#[derive(Default)]
pub(super) struct Restarts {
    quick_deaths: u32,
}

impl Restarts {
    /// Decides after a death; `ran` is how long the service had run.
    pub(super) fn died_after(&mut self, ran: Duration) -> Verdict {
        if ran >= WELL {
            self.quick_deaths = 0;
            return Verdict::StartAgainAfter(FIRST_DELAY);
        }
        self.quick_deaths += 1;
        if self.quick_deaths >= QUICK_DEATHS {
            return Verdict::GiveUp;
        }
        let delay = FIRST_DELAY * 2_u32.pow(self.quick_deaths - 1);
        Verdict::StartAgainAfter(delay.min(LONGEST_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(10);

    #[test]
    fn it_waits_longer_each_time_and_then_gives_up() {
        let mut restarts = Restarts::default();
        for delay_ms in [500, 1_000, 2_000, 4_000, 8_000] {
            let delay = Duration::from_millis(delay_ms);
            assert_eq!(restarts.died_after(SOON), Verdict::StartAgainAfter(delay));
        }
        assert_eq!(restarts.died_after(SOON), Verdict::GiveUp);
    }

    #[test]
    fn a_long_life_is_a_new_beginning() {
        let mut restarts = Restarts::default();
        for _ in 0..4 {
            restarts.died_after(SOON);
        }
        let first = Verdict::StartAgainAfter(FIRST_DELAY);
        assert_eq!(restarts.died_after(WELL), first);
        assert_eq!(restarts.died_after(SOON), first);
    }
}
