//! The waiters of each id. A waiter is a slot that keeps the latest news, so a reader misses
//! nothing between two reads. It needs no task and no timer, so even a hundred thousand are cheap.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use booking::domain::{Payment, Reservation};
use dashmap::DashMap;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A state with a revision: of two states it is known which one is later.
pub(crate) trait Revised {
    /// Never decreases for one id.
    fn revision(&self) -> i32;
    /// No later state follows.
    fn is_final(&self) -> bool;
}

impl Revised for Reservation {
    fn revision(&self) -> i32 {
        self.revision
    }

    fn is_final(&self) -> bool {
        self.status.is_final()
    }
}

impl Revised for Payment {
    fn revision(&self) -> i32 {
        i32::from(self.refund_due) + 2 * i32::from(self.status.is_final())
    }

    fn is_final(&self) -> bool {
        self.status.is_final()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News<V> {
    /// The present state.
    State(Arc<V>),
    /// Something may have been missed: read the database.
    Gap,
    /// The process stops: answer with what is known.
    Draining,
}

#[derive(Debug)]
struct Slot<V> {
    unread: Mutex<Unread<V>>,
    notify: Notify,
}

#[derive(Debug)]
struct Unread<V> {
    latest: Option<Arc<V>>,
    gap: bool,
}

/// All waiters for ids of one kind.
#[derive(Debug)]
pub(crate) struct Waiters<K: Eq + Hash, V> {
    slots: DashMap<K, Vec<Arc<Slot<V>>>>,
    permits: Arc<Semaphore>,
    draining: AtomicBool,
}

impl<K: Copy + Eq + Hash, V: Revised> Waiters<K, V> {
    pub(crate) fn new(permits: &Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self {
            slots: DashMap::new(),
            permits: Arc::clone(permits),
            draining: AtomicBool::new(false),
        })
    }

    /// Begins to wait for news of an id. None if too many wait already or the process stops: then
    /// the client must be answered at once.
    pub(crate) fn wait(self: &Arc<Self>, id: K) -> Option<Waiter<K, V>> {
        if self.draining.load(Ordering::SeqCst) {
            return None;
        }
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let unread = Mutex::new(Unread { latest: None, gap: false });
        let slot = Arc::new(Slot { unread, notify: Notify::new() });
        self.slots.entry(id).or_default().push(Arc::clone(&slot));
        Some(Waiter { all: Arc::clone(self), id, slot, _permit: permit })
    }

    /// Gives the state of an id to its waiters.
    pub(crate) fn announce(&self, id: K, state: V) {
        let Some(slots) = self.slots.get(&id) else { return };
        let state = Arc::new(state);
        for slot in slots.iter() {
            let mut unread = slot.unread.lock().unwrap_or_else(PoisonError::into_inner);
            let newer = |known: &Arc<V>| known.revision() <= state.revision();
            if unread.latest.as_ref().is_none_or(newer) {
                unread.latest = Some(Arc::clone(&state));
            }
            drop(unread);
            slot.notify.notify_one();
        }
    }

    /// Tells all waiters that something may have been missed.
    pub(crate) fn announce_gap(&self) {
        for slots in &self.slots {
            for slot in slots.iter() {
                slot.unread.lock().unwrap_or_else(PoisonError::into_inner).gap = true;
                slot.notify.notify_one();
            }
        }
    }

    /// Ends all waits, and refuses new ones.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        for slots in &self.slots {
            for slot in slots.iter() {
                slot.notify.notify_one();
            }
        }
    }
}

/// A waiting client. Dropping it ends the wait.
#[derive(Debug)]
pub(crate) struct Waiter<K: Copy + Eq + Hash, V> {
    all: Arc<Waiters<K, V>>,
    id: K,
    slot: Arc<Slot<V>>,
    _permit: OwnedSemaphorePermit,
}

impl<K: Copy + Eq + Hash, V> Waiter<K, V> {
    /// The next news. Only the latest unread state is kept.
    pub(crate) async fn next(&self) -> News<V> {
        loop {
            {
                let mut unread = self.slot.unread.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(state) = unread.latest.take() {
                    return News::State(state);
                }
                if std::mem::take(&mut unread.gap) {
                    return News::Gap;
                }
            }
            if self.all.draining.load(Ordering::SeqCst) {
                return News::Draining;
            }
            // `notify_one` stores a permit, so news that came after the checks above is not lost.
            self.slot.notify.notified().await;
        }
    }
}

impl<K: Copy + Eq + Hash, V> Drop for Waiter<K, V> {
    fn drop(&mut self) {
        let slot = &self.slot;
        self.all.slots.remove_if_mut(&self.id, |_, slots| {
            slots.retain(|other| !Arc::ptr_eq(other, slot));
            slots.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct State(i32);

    impl Revised for State {
        fn revision(&self) -> i32 {
            self.0
        }

        fn is_final(&self) -> bool {
            self.0 > 9
        }
    }

    fn waiters(most: usize) -> Arc<Waiters<u32, State>> {
        Waiters::new(&Arc::new(Semaphore::new(most)))
    }

    #[tokio::test]
    async fn all_who_wait_for_an_id_hear_its_latest_state() {
        let all = waiters(10);
        let one = all.wait(1).unwrap();
        let two = all.wait(1).unwrap();
        let other = all.wait(2).unwrap();
        all.announce(1, State(2));
        all.announce(1, State(1));
        assert_eq!(one.next().await, News::State(Arc::new(State(2))), "never back in time");
        all.announce_gap();
        assert_eq!(two.next().await, News::State(Arc::new(State(2))));
        assert_eq!(two.next().await, News::Gap);
        assert_eq!(other.next().await, News::Gap);
    }

    #[tokio::test]
    async fn news_wakes_who_sleeps() {
        let all = waiters(10);
        let waiter = all.wait(1).unwrap();
        let heard = tokio::spawn(async move { waiter.next().await });
        tokio::task::yield_now().await;
        all.announce(1, State(1));
        assert_eq!(heard.await.unwrap(), News::State(Arc::new(State(1))));
    }

    #[tokio::test]
    async fn the_limit_holds_and_leaving_makes_room() {
        let all = waiters(2);
        let first = all.wait(1);
        let _second = all.wait(1).unwrap();
        assert!(all.wait(1).is_none());
        drop(first);
        assert!(all.wait(2).is_some());
        assert_eq!(all.permits.available_permits(), 1);
        assert_eq!(all.slots.len(), 1, "nobody waits for 2 any more");
    }

    #[tokio::test]
    async fn draining_sends_all_away_but_not_without_news() {
        let all = waiters(10);
        let informed = all.wait(1).unwrap();
        let waiting = all.wait(2).unwrap();
        all.announce(1, State(10));
        let heard = tokio::spawn(async move { waiting.next().await });
        tokio::task::yield_now().await;
        all.drain();
        assert_eq!(heard.await.unwrap(), News::Draining);
        assert_eq!(informed.next().await, News::State(Arc::new(State(10))));
        assert!(all.wait(3).is_none());
    }
}
