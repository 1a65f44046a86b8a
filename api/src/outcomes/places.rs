//! How many clients may wait at once: long polls and streams together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bounded number of places.
#[derive(Debug)]
pub struct Places {
    taken: AtomicUsize,
    most: usize,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Place(Arc<Places>);

impl Places {
    /// So many places, all free.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), most })
    }

    /// Takes a place; none when all are taken.
    pub fn take(self: &Arc<Self>) -> Option<Place> {
        let place = Place(Arc::clone(self));
        // On the way out the place gives back what it took, also when that was one too many.
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        (before < self.most).then_some(place)
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_places_and_a_dropped_one_is_free_again() {
        let places = Places::new(2);
        let one = places.take();
        let two = places.take();
        assert!(one.is_some() && two.is_some());
        assert!(places.take().is_none());
        assert_eq!(places.taken(), 2);
        drop(one);
        assert!(places.take().is_some());
        assert_eq!(places.taken(), 1);
    }
}
