//! Which body an idempotency key was first seen with. A bounded memory of this process: it makes the
//! refusal of a reused key immediate where it can; the worker's answer makes it certain.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// Ids in one generation, at most; there are two.
const GENERATION_MAX: usize = 50_000;

/// Fingerprints of request bodies by the id that their key gives. The oldest are forgotten.
#[derive(Debug, Default)]
pub struct Keys {
    generations: Mutex<[HashMap<Uuid, i64>; 2]>,
}

impl Keys {
    /// The id is known with another body than this one.
    pub fn is_reused(&self, id: Uuid, fingerprint: i64) -> bool {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let known = generations.iter().find_map(|generation| generation.get(&id));
        known.is_some_and(|known| *known != fingerprint)
    }

    /// This process has met the id before.
    pub fn is_known(&self, id: Uuid) -> bool {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.iter().any(|generation| generation.contains_key(&id))
    }

    /// Remembers the body of a request that is about to be queued. False where the id was known before.
    pub fn claim(&self, id: Uuid, fingerprint: i64) -> bool {
        let is_new = !self.is_known(id);
        self.note_all([(id, fingerprint)]);
        is_new
    }

    /// A request that was claimed was not queued after all.
    pub fn forget(&self, id: Uuid) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        for generation in &mut *generations {
            generation.remove(&id);
        }
    }

    /// Remembers ids with the fingerprints of their bodies, the first of each. A fingerprint of 0
    /// is a tombstone's: it says nothing of the body.
    pub fn note_all(&self, ids: impl IntoIterator<Item = (Uuid, i64)>) {
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
        let (keys, id) = (Keys::default(), Uuid::from_u128(1));
        assert!(!keys.is_reused(id, 7), "nothing is known yet");
        keys.note_all([(id, 7), (id, 8)]);
        assert!(!keys.is_reused(id, 7));
        assert!(keys.is_reused(id, 8), "the first one counts");
        keys.note_all([(Uuid::from_u128(2), 0)]);
        assert!(!keys.is_reused(Uuid::from_u128(2), 9), "a tombstone says nothing");
    }

    #[test]
    fn what_was_not_queued_after_all_is_forgotten() {
        let (keys, id) = (Keys::default(), Uuid::from_u128(1));
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
