//! Who waits for which id. A waiter is a slot that keeps the latest word, so a reader that comes
//! back for more misses nothing in between. No task, no timer: a hundred thousand are cheap.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use booking::domain::{Payment, Reservation};
use dashmap::DashMap;
use tokio::sync::Notify;

use super::places::{Place, Places};

/// What changes over time, and of which a later state can be told from an earlier one.
pub trait Revised {
    /// Never falls over the life of one thing.
    fn revision(&self) -> i32;
    /// Nothing follows any more.
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

/// What a waiter hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word<V> {
    /// This is its state now.
    Told(Arc<V>),
    /// Something may have been missed: look in the database.
    Gap,
    /// The process stops: answer with what is known.
    Draining,
}

#[derive(Debug)]
struct Slot<V> {
    news: Mutex<News<V>>,
    notify: Notify,
}

#[derive(Debug)]
struct News<V> {
    latest: Option<Arc<V>>,
    gap: bool,
}

/// All who wait for things of one kind.
#[derive(Debug)]
pub struct Waiters<K: Eq + Hash, V> {
    slots: DashMap<K, Vec<Arc<Slot<V>>>>,
    places: Arc<Places>,
    draining: AtomicBool,
}

impl<K: Copy + Eq + Hash, V: Revised> Waiters<K, V> {
    /// Nobody waits yet.
    pub fn new(places: &Arc<Places>) -> Arc<Self> {
        let (slots, draining) = (DashMap::new(), AtomicBool::new(false));
        Arc::new(Self { slots, places: Arc::clone(places), draining })
    }

    /// Begins to wait for news of an id. None when too many wait already, or the process stops:
    /// then the client is to be answered at once.
    pub fn wait(self: &Arc<Self>, id: K) -> Option<Waiter<K, V>> {
        if self.draining.load(Ordering::SeqCst) {
            return None;
        }
        let place = self.places.take()?;
        let news = Mutex::new(News { latest: None, gap: false });
        let slot = Arc::new(Slot { news, notify: Notify::new() });
        self.slots.entry(id).or_default().push(Arc::clone(&slot));
        Some(Waiter { all: Arc::clone(self), id, slot, _place: place })
    }

    /// Tells the state of an id to those who wait for it.
    pub fn tell(&self, id: K, state: V) {
        let Some(slots) = self.slots.get(&id) else { return };
        let state = Arc::new(state);
        for slot in slots.iter() {
            let mut news = slot.news.lock().unwrap_or_else(PoisonError::into_inner);
            let newer = |known: &Arc<V>| known.revision() <= state.revision();
            if news.latest.as_ref().is_none_or(newer) {
                news.latest = Some(Arc::clone(&state));
            }
            drop(news);
            slot.notify.notify_one();
        }
    }

    /// Tells all that something may have been missed.
    pub fn gap(&self) {
        for slots in &self.slots {
            for slot in slots.iter() {
                slot.news.lock().unwrap_or_else(PoisonError::into_inner).gap = true;
                slot.notify.notify_one();
            }
        }
    }

    /// Sends all away, and all who come.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        for slots in &self.slots {
            for slot in slots.iter() {
                slot.notify.notify_one();
            }
        }
    }
}

/// One who waits. Dropping it ends the wait.
#[derive(Debug)]
pub struct Waiter<K: Copy + Eq + Hash, V> {
    all: Arc<Waiters<K, V>>,
    id: K,
    slot: Arc<Slot<V>>,
    _place: Place,
}

impl<K: Copy + Eq + Hash, V> Waiter<K, V> {
    /// The next word. States that were overtaken before they were read are left out.
    pub async fn next(&self) -> Word<V> {
        loop {
            {
                let mut news = self.slot.news.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(state) = news.latest.take() {
                    return Word::Told(state);
                }
                if std::mem::take(&mut news.gap) {
                    return Word::Gap;
                }
            }
            if self.all.draining.load(Ordering::SeqCst) {
                return Word::Draining;
            }
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
        Waiters::new(&Places::new(most))
    }

    #[tokio::test]
    async fn all_who_wait_for_an_id_hear_its_latest_state() {
        let all = waiters(10);
        let (one, two, other) = (all.wait(1).unwrap(), all.wait(1).unwrap(), all.wait(2).unwrap());
        all.tell(1, State(2));
        all.tell(1, State(1));
        assert_eq!(one.next().await, Word::Told(Arc::new(State(2))), "never back in time");
        all.gap();
        assert_eq!(two.next().await, Word::Told(Arc::new(State(2))));
        assert_eq!(two.next().await, Word::Gap);
        assert_eq!(other.next().await, Word::Gap);
    }

    #[tokio::test]
    async fn a_word_wakes_who_sleeps() {
        let all = waiters(10);
        let waiter = all.wait(1).unwrap();
        let heard = tokio::spawn(async move { waiter.next().await });
        tokio::task::yield_now().await;
        all.tell(1, State(1));
        assert_eq!(heard.await.unwrap(), Word::Told(Arc::new(State(1))));
    }

    #[tokio::test]
    async fn the_limit_holds_and_leaving_makes_room() {
        let all = waiters(2);
        let first = all.wait(1);
        let _second = all.wait(1).unwrap();
        assert!(all.wait(1).is_none());
        drop(first);
        assert!(all.wait(2).is_some());
        assert_eq!(all.places.taken(), 1);
        assert_eq!(all.slots.len(), 1, "nobody waits for 2 any more");
    }

    #[tokio::test]
    async fn draining_sends_all_away_but_not_without_news() {
        let all = waiters(10);
        let (told, waiting) = (all.wait(1).unwrap(), all.wait(2).unwrap());
        all.tell(1, State(10));
        let heard = tokio::spawn(async move { waiting.next().await });
        tokio::task::yield_now().await;
        all.drain();
        assert_eq!(heard.await.unwrap(), Word::Draining);
        assert_eq!(told.next().await, Word::Told(Arc::new(State(10))));
        assert!(all.wait(3).is_none());
    }
}
