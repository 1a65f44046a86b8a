//! Chooses the delay queue for a hold.

use super::{HOLDS, HOLDS_DUE, Topology};

/// The routing key of [`HOLDS_DUE`].
pub(super) const DUE_KEY: &str = "due";

impl Topology {
    pub(super) fn key_of_delay(ms: u32) -> String {
        format!("delay.{ms}")
    }

    /// The queue that a key on [`HOLDS`] leads to.
    pub fn holds_queue(key: &str) -> String {
        format!("{HOLDS}.{key}")
    }

    /// The routing key for a hold that is due in `remaining_ms`: the longest delay that is not
    /// longer than that, plus `tolerance_ms`. If all delays are longer, the shortest; if no time
    /// remains, the queue of due holds. A longer hold passes through several delay queues, one
    /// after the other.
    ///
    /// Queues to avoid are skipped as long as there is another delay queue.
    pub fn delay_key(
        &self,
        remaining_ms: i64,
        tolerance_ms: i64,
        avoid: &dyn Fn(&str) -> bool,
    ) -> String {
        let is_usable = |ms: &&u32| !avoid(&Self::holds_queue(&Self::key_of_delay(**ms)));
        let reach = remaining_ms + tolerance_ms;
        let mut delays = self.delays_ms.iter().filter(is_usable);
        let shortest = delays.clone().next();
        let delay = delays.rfind(|ms| i64::from(**ms) <= reach).or(shortest);
        match delay {
            _ if remaining_ms <= 0 && !avoid(HOLDS_DUE) => DUE_KEY.to_owned(),
            Some(ms) => Self::key_of_delay(*ms),
            None if remaining_ms <= 0 || self.delays_ms.is_empty() => DUE_KEY.to_owned(),
            None => self.delay_key(remaining_ms, tolerance_ms, &|_| false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use process::settings;

    fn key(remaining_ms: i64, avoid: &[&str]) -> String {
        let topology = Topology::new(&settings::Topology::default());
        topology.delay_key(remaining_ms, 100, &|queue| avoid.contains(&queue))
    }

    #[test]
    fn a_delay_is_the_longest_that_is_not_longer() {
        assert_eq!(key(0, &[]), "due");
        assert_eq!(key(-5, &[]), "due");
        assert_eq!(key(1, &[]), "delay.100");
        assert_eq!(
            key(119_950, &[]),
            "delay.120000",
            "a moment short of an exact one needs one hop"
        );
        assert_eq!(key(119_000, &[]), "delay.60000");
        assert_eq!(key(86_400_000, &[]), "delay.900000");
    }

    #[test]
    fn a_queue_to_avoid_is_passed_over_as_long_as_there_is_another_delay_queue() {
        assert_eq!(key(120_000, &["holds.delay.120000"]), "delay.60000");
        assert_eq!(key(120_000, &["holds.delay.120000", "holds.delay.60000"]), "delay.15000");
        assert_eq!(key(200, &["holds.delay.100"]), "delay.500", "later, and not at once for ever");
        assert_eq!(key(0, &["holds.due"]), "delay.100", "it waits there for the due queue");
        let topology = Topology::new(&settings::Topology::default());
        assert_eq!(topology.delay_key(120_000, 100, &|_| true), "delay.120000");
        assert_eq!(topology.delay_key(120_000, 100, &|queue| queue != "holds.due"), "delay.120000");
        assert_eq!(topology.delay_key(0, 100, &|_| true), "due");
    }
}
