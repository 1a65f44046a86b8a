//! Random numbers that need not be secret.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);
thread_local!(static SEED: RandomState = RandomState::new());

/// Unique enough to tell requests apart. It can be guessed, so it must not protect anything.
pub(crate) fn random() -> u128 {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    (u128::from(hash(count)) << 64) | u128::from(hash(!count))
}

fn hash(half: u64) -> u64 {
    SEED.with(|seed| {
        let mut hasher = seed.build_hasher();
        hasher.write_u64(half);
        hasher.finish()
    })
}
