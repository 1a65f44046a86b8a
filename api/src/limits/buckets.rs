//! Token buckets for many names in a fixed amount of memory.
//!
//! A bucket is one 64-bit slot: the time at which it is full again, and a few bits that tell names
//! apart. A full bucket is the same as no bucket, so another name may use its slot. If all slots of
//! a name are in use, it replaces the one that is full soonest. Under such pressure some names get
//! more than their share, and none gets less.

use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Slots that a name may use: one cache line.
const WAYS: usize = 8;
/// Bits of a slot that tell names apart. The other bits are a time, enough for 5 years of uptime.
const MARK_BITS: u32 = 20;
const TIME_BITS: u32 = u64::BITS - MARK_BITS;
/// A tick is 10 µs.
const TICKS_A_MINUTE: u64 = 6_000_000;
const TICKS_A_MS: u64 = 100;

/// How much each name may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// The average rate.
    pub per_minute: u32,
    /// The most at once, after a pause.
    pub burst: u32,
}

/// A bucket for each of many names.
#[derive(Debug)]
pub(crate) struct Buckets {
    slots: Box<[AtomicU64]>,
    seed: u64,
    /// Ticks for each request at the average rate.
    interval: u64,
    /// The most ticks by which `full_at` may be in the future.
    ahead: u64,
}

impl Buckets {
    /// Buckets for about that many names, 8 bytes each. The seed must be secret, so that nobody can
    /// choose names that share slots. None if the allowance is 0, which means no limit.
    pub(crate) fn new(allowance: Allowance, names: usize, seed: u64) -> Option<Self> {
        let interval = TICKS_A_MINUTE.checked_div(u64::from(allowance.per_minute))?.max(1);
        let places = names.clamp(1_024, 1 << 24).next_power_of_two();
        Some(Self {
            slots: (0..places).map(|_| AtomicU64::new(0)).collect(),
            seed,
            interval,
            ahead: interval * u64::from(allowance.burst.max(1)),
        })
    }

    /// Takes a token from the name's bucket. `now_ms` may count from any start. The error is the
    /// number of milliseconds until a token is available.
    pub(crate) fn take(&self, name: &[u8], now_ms: u64) -> Result<(), u64> {
        let hash = xxh3_64_with_seed(name, self.seed);
        let mark = hash >> TIME_BITS;
        let first = hash as usize % (self.slots.len() / WAYS) * WAYS;
        let places = &self.slots[first..first + WAYS];
        // Plus one, because 0 means a slot that was never used.
        let now = now_ms * TICKS_A_MS + 1;
        loop {
            let (place, seen, full_at) = find_place(places, mark, now);
            let full_at = full_at.max(now) + self.interval;
            if full_at > now + self.ahead {
                return Err((full_at - now - self.ahead).div_ceil(TICKS_A_MS));
            }
            let packed = (mark << TIME_BITS) | (full_at & (u64::MAX >> MARK_BITS));
            let swap = place.compare_exchange(seen, packed, Ordering::Relaxed, Ordering::Relaxed);
            if swap.is_ok() {
                return Ok(());
            }
        }
    }
}

/// The name's own slot; else a free one; else the one that is full soonest. Returns the slot, its
/// value when it was read, and when the name's bucket is full.
fn find_place(places: &[AtomicU64], mark: u64, now: u64) -> (&AtomicU64, u64, u64) {
    let mut soonest = (&places[0], 0, u64::MAX);
    for place in places {
        let seen = place.load(Ordering::Relaxed);
        let full_at = seen & (u64::MAX >> MARK_BITS);
        if seen >> TIME_BITS == mark && full_at > now {
            return (place, seen, full_at);
        }
        if full_at < soonest.2 {
            soonest = (place, seen, full_at);
        }
    }
    (soonest.0, soonest.1, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(per_minute: u32, burst: u32, names: usize) -> Buckets {
        Buckets::new(Allowance { per_minute, burst }, names, 7).unwrap()
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let buckets = buckets(60, 3, 1_024);
        for _ in 0..3 {
            assert_eq!(buckets.take(b"ada", 5_000), Ok(()));
        }
        assert_eq!(buckets.take(b"ada", 5_000), Err(1_000));
        assert_eq!(buckets.take(b"ada", 5_400), Err(600));
        assert_eq!(buckets.take(b"bob", 5_400), Ok(()), "others are not concerned");
        assert_eq!(buckets.take(b"ada", 6_000), Ok(()));
        assert!(buckets.take(b"ada", 6_000).is_err());
        for _ in 0..3 {
            assert_eq!(buckets.take(b"ada", 60_000), Ok(()), "a rest fills it up, to the brim");
        }
        assert!(buckets.take(b"ada", 60_000).is_err());
    }

    #[test]
    fn no_allowance_is_no_limit() {
        assert!(Buckets::new(Allowance { per_minute: 0, burst: 9 }, 1_024, 7).is_none());
    }

    #[test]
    fn a_flood_of_names_refuses_nobody_who_is_new_and_takes_no_memory() {
        let buckets = buckets(1, 1, 1_024);
        let refused = (0_u32..50_000)
            .filter(|name| buckets.take(&name.to_le_bytes(), 1_000).is_err())
            .count();
        assert!(refused <= 5, "{refused}: names are told apart but for a chance in a million");
        assert_eq!(buckets.slots.len(), 1_024);
    }

    #[test]
    fn many_threads_get_no_more_than_the_burst() {
        let buckets = buckets(1, 1_000, 1_024);
        let taken = std::thread::scope(|scope| {
            let take = || (0..500).filter(|_| buckets.take(b"ada", 9).is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(taken, 1_000);
    }
}
