//! How a message gets to a worker and its outcome back to the client: the same for every handler
//! that queues something.

use std::hash::Hash;
use std::sync::Arc;

use booking::ids::{EventId, Kind};
use tokio::time::Instant;

use super::admission::Admission;
use super::intake::{Intake, Submission};
use super::meter;
use super::refusal::Refusal;
use crate::idempotency::Keys;
use crate::outcomes::{Revised, Waiter, follow};
use crate::problem::Problem;

/// The result of a submission.
#[derive(Debug)]
#[must_use]
pub(crate) enum Submitted<V> {
    /// The client waited, and this is the state.
    Decided(Arc<V>),
    /// It is safely queued. The client did not want to wait, or not long enough.
    Queued { eta_ms: u32 },
}

impl<M, I, V> Intake<M, I, V>
where
    M: Send + 'static,
    I: Kind + Hash + Eq + Send + Sync + 'static,
    V: Revised + Send + Sync + 'static,
{
    /// Queues the message, and waits until the deadline for a state that is `enough`.
    ///
    /// The message is queued by the call itself, not by the first poll of the future. There is one
    /// such future for each waiting client, and this way it does not have to store the message.
    pub(super) fn submit(
        &self,
        submission: Submission<M, I>,
        deadline: Option<Instant>,
        enough: impl Fn(&V) -> bool,
    ) -> impl Future<Output = Result<Submitted<V>, Problem>> {
        let enqueued = self.enqueue(submission, deadline);
        async move { enqueued?.wait(enough).await }
    }

    /// Listens first and enqueues then. A worker may decide the message before the publisher
    /// confirm arrives here, and it publishes the outcome only once: a client that began to listen
    /// later could miss it and would wait until its deadline.
    ///
    /// The key is claimed first, too, so that a repeat that arrives in the meantime is recognised.
    fn enqueue(
        &self,
        submission: Submission<M, I>,
        deadline: Option<Instant>,
    ) -> Result<Enqueued<'_, M, I, V>, Problem> {
        let key = submission.key;
        let id = key.1.unwrap();
        let partition = submission.partition;
        let keys = &self.outcomes.keys;
        let listening = deadline
            .and_then(|deadline| Some(Listening { waiter: self.waiters.wait(key.1)?, deadline }));
        let is_claimed =
            submission.fingerprint.is_some_and(|fingerprint| keys.claim(id, fingerprint));
        match self.enter(submission) {
            Ok(admission) => {
                Ok(Enqueued { intake: self, key, partition, is_claimed, listening, admission })
            }
            Err(refusal) => Err(refuse_message(keys, refusal, self.name, id, is_claimed)),
        }
    }
}

struct Enqueued<'a, M, I: Kind + Hash + Eq, V> {
    intake: &'a Intake<M, I, V>,
    key: (EventId, I),
    partition: u16,
    is_claimed: bool,
    /// None if the client wants an answer at once, or too many clients wait already.
    listening: Option<Listening<I, V>>,
    admission: Admission,
}

struct Listening<I: Kind + Hash + Eq, V> {
    waiter: Waiter<I, V>,
    deadline: Instant,
}

impl<M, I, V> Enqueued<'_, M, I, V>
where
    M: Send + 'static,
    I: Kind + Hash + Eq + Send + Sync + 'static,
    V: Revised + Send + Sync + 'static,
{
    async fn wait(self, enough: impl Fn(&V) -> bool) -> Result<Submitted<V>, Problem> {
        if let Some(Listening { waiter, deadline }) = &self.listening {
            // The outcome implies the admission, so only a refusal matters beside it. Biased: if
            // both are ready, the outcome counts, for it is certain.
            let decided = tokio::select! {
                biased;
                decided = follow(waiter, &self.intake.reader, self.key, *deadline, enough) => {
                    decided
                }
                refusal = self.admission.until_refused() => return Err(self.refuse(refusal)),
            };
            if let Some(decided) = decided {
                return Ok(Submitted::Decided(decided));
            }
        }
        match self.admission.until_admitted().await {
            Ok(()) => Ok(Submitted::Queued { eta_ms: self.intake.eta_ms(self.partition) }),
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    fn refuse(&self, refusal: Refusal) -> Problem {
        let keys = &self.intake.outcomes.keys;
        refuse_message(keys, refusal, self.intake.name, self.key.1.unwrap(), self.is_claimed)
    }
}

/// Counts a message that was not admitted, and returns its 503. A key that was claimed for it is
/// freed if the message is certainly not queued.
fn refuse_message(
    keys: &Keys,
    refusal: Refusal,
    name: &str,
    id: uuid::Uuid,
    is_claimed: bool,
) -> Problem {
    meter::count_refusal(refusal);
    if is_claimed && refusal != Refusal::Unknown {
        keys.forget(id);
    }
    refusal.to_problem(name, id)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_is_free_again_only_where_its_request_is_certainly_not_queued() {
        let keys = Keys::default();
        let id = Uuid::from_u128(1);
        assert!(keys.claim(id, 7));
        let _problem = refuse_message(&keys, Refusal::Unknown, "reservation", id, true);
        assert!(keys.is_known(id));
        let _problem = refuse_message(&keys, Refusal::Full, "reservation", id, false);
        assert!(keys.is_known(id), "another request had claimed it");
        let _problem = refuse_message(&keys, Refusal::Full, "reservation", id, true);
        assert!(!keys.is_known(id));
    }
}
