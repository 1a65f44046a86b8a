//! Idempotency keys: the same key must come with the same body. A process remembers a limited
//! number of keys and refuses a reused one at once if it can; otherwise the worker notices it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use crate::problem::{Kind, Problem};

/// A hash of a body's content, whatever its spelling. Never 0, which means "no body".
pub(crate) fn fingerprint(canonical: &[u8]) -> i64 {
    match xxh3_64(canonical) as i64 {
        0 => 1,
        hash => hash,
    }
}

/// Whether the key was used for another body. A tombstone has no body, so it fits every one.
pub(crate) fn is_reused(known: i64, fingerprint: i64) -> bool {
    known != 0 && known != fingerprint
}

pub(crate) fn refuse_reused_key() -> Problem {
    let detail = "This Idempotency-Key was used with another body.";
    Problem::new(Kind::IdempotencyKeyReused, detail)
}

/// The most ids in one generation. There are two generations.
const GENERATION_MAX: usize = 50_000;

/// Fingerprints of request bodies, by the id that the key gives. The oldest are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    generations: Mutex<[HashMap<Uuid, i64>; 2]>,
}

impl Keys {
    /// Whether the id is known with another body than this one.
    pub(crate) fn is_reused(&self, id: Uuid, fingerprint: i64) -> bool {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let known = generations.iter().find_map(|generation| generation.get(&id));
        known.is_some_and(|known| *known != fingerprint)
    }

    /// Whether this process has seen the id before.
    pub(crate) fn is_known(&self, id: Uuid) -> bool {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.iter().any(|generation| generation.contains_key(&id))
    }

    /// Remembers the body of a request before it is queued. Returns whether the id is new.
    pub(crate) fn claim(&self, id: Uuid, fingerprint: i64) -> bool {
        let is_new = !self.is_known(id);
        self.note_all([(id, fingerprint)]);
        is_new
    }

    /// Forgets a request that was claimed but not queued.
    pub(crate) fn forget(&self, id: Uuid) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        for generation in &mut *generations {
            generation.remove(&id);
        }
    }

    /// Remembers ids with their fingerprints; for each id the first one counts. A fingerprint of 0
    /// belongs to a tombstone and is left out.
    pub(crate) fn note_all(&self, ids: impl IntoIterator<Item = (Uuid, i64)>) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        for (id, fingerprint) in ids {
            if fingerprint == 0 || old.contains_key(&id) {
                continue;
            }
            if young.len() >= GENERATION_MAX {
                *old = std::mem::take(young);
            }
            young.entry(id).or_insert(fingerprint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_body_is_noticed_and_the_same_one_is_not() {
        let keys = Keys::default();
        let id = Uuid::from_u128(1);
        assert!(!keys.is_reused(id, 7), "nothing is known yet");
        keys.note_all([(id, 7), (id, 8)]);
        assert!(!keys.is_reused(id, 7));
        assert!(keys.is_reused(id, 8), "the first one counts");
        keys.note_all([(Uuid::from_u128(2), 0)]);
        assert!(!keys.is_reused(Uuid::from_u128(2), 9), "a tombstone says nothing");
    }

    #[test]
    fn what_was_not_queued_after_all_is_forgotten() {
        let keys = Keys::default();
        let id = Uuid::from_u128(1);
        assert!(keys.claim(id, 7));
        assert!(!keys.claim(id, 7), "it is on its way");
        assert!(keys.is_reused(id, 8));
        keys.forget(id);
        assert!(!keys.is_known(id) && keys.claim(id, 8));
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_the_youngest() {
        let keys = Keys::default();
        let many = 3 * GENERATION_MAX as u128;
        keys.note_all((0..many).map(|id| (Uuid::from_u128(id), 1)));
        let kept: usize = keys.generations.lock().unwrap().iter().map(HashMap::len).sum();
        assert!(kept <= 2 * GENERATION_MAX);
        assert!(keys.is_known(Uuid::from_u128(many - 1)));
        assert!(!keys.is_known(Uuid::from_u128(0)));
    }
}
