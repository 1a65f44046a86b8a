//! Whether the envelope of a waiting request was confirmed. If the client waits for the outcome
//! anyway, only a refusal wakes it: under load, waking every client one more time costs more than
//! the confirm itself.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::refusal::Refusal;

/// Whether a request was admitted.
pub(super) type Admitted = Result<(), Refusal>;

/// The receiving half, for the request's client. A request whose half is dropped before its
/// envelope is sent is left out of the envelope.
#[derive(Debug)]
pub(super) struct Admission(Arc<Slot>);

/// The sending half. Dropped unresolved, it resolves the admission as [`Refusal::Unknown`].
#[derive(Debug)]
pub(super) struct AdmissionSender(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    admitted: Option<Admitted>,
    waiting: Option<Waker>,
    wants_refusal_only: bool,
}

pub(super) fn open_pair() -> (AdmissionSender, Admission) {
    let slot = Arc::new(Slot::default());
    (AdmissionSender(Arc::clone(&slot)), Admission(slot))
}

impl Admission {
    /// Whether the request was admitted, as soon as that is known.
    pub(super) async fn until_admitted(&self) -> Result<(), Refusal> {
        self.0.wait(false, Some).await
    }

    /// Why the request was not admitted; never done where it was.
    pub(super) async fn until_refused(&self) -> Refusal {
        self.0.wait(true, Result::err).await
    }
}

impl AdmissionSender {
    pub(super) fn send(self, admitted: Admitted) {
        self.0.resolve(admitted);
    }

    /// Whether the receiving half was dropped: the client has disconnected.
    pub(super) fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Drop for AdmissionSender {
    fn drop(&mut self) {
        self.0.resolve(Err(Refusal::Unknown));
    }
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only the first call has an effect: dropping the sender calls this again.
    fn resolve(&self, admitted: Admitted) {
        let mut state = self.state();
        if state.admitted.is_some() {
            return;
        }
        state.admitted = Some(admitted);
        let is_wanted = admitted.is_err() || !state.wants_refusal_only;
        let waiting = if is_wanted { state.waiting.take() } else { None };
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    async fn wait<T>(&self, wants_refusal_only: bool, pick: impl Fn(Admitted) -> Option<T>) -> T {
        poll_fn(|task| {
            let mut state = self.state();
            if let Some(picked) = state.admitted.and_then(&pick) {
                return Poll::Ready(picked);
            }
            state.wants_refusal_only = wants_refusal_only;
            match &mut state.waiting {
                Some(waiting) => waiting.clone_from(task.waker()),
                None => state.waiting = Some(task.waker().clone()),
            }
            Poll::Pending
        })
        .await
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

    fn times_woken(admitted: Option<Admitted>, wants_refusal_only: bool) -> usize {
        let (sender, admission) = open_pair();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut task = Context::from_waker(&waker);
        if wants_refusal_only {
            assert!(pin!(admission.until_refused()).poll(&mut task).is_pending());
        } else {
            assert!(pin!(admission.until_admitted()).poll(&mut task).is_pending());
        }
        match admitted {
            Some(admitted) => sender.send(admitted),
            None => drop(sender),
        }
        woken.0.load(Ordering::SeqCst)
    }

    #[test]
    fn who_waits_for_the_outcome_anyway_is_woken_by_a_refusal_only() {
        assert_eq!(times_woken(Some(Ok(())), false), 1);
        assert_eq!(times_woken(Some(Ok(())), true), 0);
        assert_eq!(times_woken(Some(Err(Refusal::Away)), true), 1);
        assert_eq!(times_woken(None, true), 1, "a queue that closes is a refusal, too");
    }

    #[tokio::test]
    async fn an_admission_can_be_asked_for_after_it_was_resolved() {
        let (sender, admission) = open_pair();
        let waited =
            tokio::time::timeout(std::time::Duration::ZERO, admission.until_refused()).await;
        assert!(waited.is_err());
        sender.send(Ok(()));
        assert_eq!(admission.until_admitted().await, Ok(()));
        let (sender, admission) = open_pair();
        drop(sender);
        assert_eq!(admission.until_admitted().await, Err(Refusal::Unknown));
        assert_eq!(admission.until_refused().await, Refusal::Unknown);
    }

    #[test]
    fn it_is_seen_that_nobody_waits() {
        let (sender, admission) = open_pair();
        assert!(!sender.is_abandoned());
        drop(admission);
        assert!(sender.is_abandoned());
    }
}
