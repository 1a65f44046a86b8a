//! The word on one request that waits in a room: whether the envelope that it travels in was confirmed.
//! Who waits for the request's outcome anyway is woken only by a refusal: under load, waking every
//! client once more costs more than the confirm itself.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::Refusal;

/// What comes of a request.
pub(super) type Word = Result<(), Refusal>;

/// The word on a request, as its client waits for it. Who drops it before the envelope is sent does not
/// travel.
#[derive(Debug)]
pub struct Admission(Arc<Slot>);

/// Gives the word. Dropped without one, it is not known what came of the request.
#[derive(Debug)]
pub(super) struct Host(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    word: Option<Word>,
    waiting: Option<Waker>,
    /// The client waits for a refusal only.
    is_content: bool,
}

/// Both ends.
pub(super) fn pair() -> (Host, Admission) {
    let slot = Arc::new(Slot::default());
    (Host(Arc::clone(&slot)), Admission(slot))
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, word: Word) {
        let mut state = self.state();
        if state.word.is_some() {
            return;
        }
        state.word = Some(word);
        let is_news = word.is_err() || !state.is_content;
        let waiting = if is_news { state.waiting.take() } else { None };
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    async fn wait<T>(&self, is_content: bool, pick: impl Fn(Word) -> Option<T>) -> T {
        poll_fn(|task| {
            let mut state = self.state();
            if let Some(picked) = state.word.and_then(&pick) {
                return Poll::Ready(picked);
            }
            state.is_content = is_content;
            match &mut state.waiting {
                Some(waiting) => waiting.clone_from(task.waker()),
                None => state.waiting = Some(task.waker().clone()),
            }
            Poll::Pending
        })
        .await
    }
}

impl Admission {
    /// The word, as soon as there is one.
    pub async fn word(&self) -> Result<(), Refusal> {
        self.0.wait(false, Some).await
    }

    /// Waits for the request's outcome, or for the request to be refused.
    pub async fn or_outcome<T>(&self, outcome: impl Future<Output = T>) -> Result<T, Refusal> {
        tokio::select! {
            biased;
            outcome = outcome => Ok(outcome),
            refusal = self.refusal() => Err(refusal),
        }
    }

    /// A refusal; never done where the request was admitted.
    async fn refusal(&self) -> Refusal {
        self.0.wait(true, Result::err).await
    }
}

impl Host {
    /// Gives the word.
    pub(super) fn give(self, word: Word) {
        self.0.give(word);
    }

    /// Nobody waits for the word any more.
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.0.give(Err(Refusal::Unknown));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn times_woken(word: Option<Word>, is_content: bool) -> usize {
        let (host, admission) = pair();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut task = Context::from_waker(&waker);
        if is_content {
            assert!(pin!(admission.refusal()).poll(&mut task).is_pending());
        } else {
            assert!(pin!(admission.word()).poll(&mut task).is_pending());
        }
        match word {
            Some(word) => host.give(word),
            None => drop(host),
        }
        woken.0.load(Ordering::SeqCst)
    }

    #[test]
    fn who_waits_for_the_outcome_anyway_is_woken_by_a_refusal_only() {
        assert_eq!(times_woken(Some(Ok(())), false), 1);
        assert_eq!(times_woken(Some(Ok(())), true), 0);
        assert_eq!(times_woken(Some(Err(Refusal::Away)), true), 1);
        assert_eq!(times_woken(None, true), 1, "a room that closes is a refusal, too");
    }

    #[tokio::test]
    async fn the_word_can_be_asked_for_after_it_was_given() {
        let (host, admission) = pair();
        let waited = tokio::time::timeout(std::time::Duration::ZERO, admission.refusal()).await;
        assert!(waited.is_err());
        host.give(Ok(()));
        assert_eq!(admission.word().await, Ok(()));
        let (host, admission) = pair();
        drop(host);
        assert_eq!(admission.word().await, Err(Refusal::Unknown));
        assert_eq!(admission.refusal().await, Refusal::Unknown);
    }

    #[test]
    fn it_is_seen_that_nobody_waits() {
        let (host, admission) = pair();
        assert!(!host.is_alone());
        drop(admission);
        assert!(host.is_alone());
    }
}
