//! Random numbers that a seed can repeat.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64: small, and good enough to choose seats.
pub(super) struct Random(u64);

impl Random {
    /// The numbers of this seed for one of its users, so that each has a sequence of its own.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        Self(seed ^ number.wrapping_mul(0xA24B_AED4_963E_E407))
    }

    /// A number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// A random seed.
pub(super) fn any_seed() -> u64 {
    // The standard library's hasher has random keys. The seed is small, so that it is easy to type
    // again.
    RandomState::new().hash_one(0) % 1_000_000
}
