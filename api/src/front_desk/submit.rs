//! How a message gets to its worker and the outcome back to its client: the same for every handler
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

/// What came of a message.
#[derive(Debug)]
#[must_use]
pub(crate) enum Submitted<V> {
    /// The client waited for this state.
    Decided(Arc<V>),
    /// It is safely queued. The client did not want to wait, or not for so long.
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
    /// The message is queued when this is called, and not first when the future is polled: so the
    /// future, of which there is one for each waiting client, need not have room for the message.
    pub(super) fn submit(
        &self,
        submission: Submission<M, I>,
        deadline: Option<Instant>,
        enough: impl Fn(&V) -> bool,
    ) -> impl Future<Output = Result<Submitted<V>, Problem>> {
        let enqueued = self.enqueue(submission, deadline);
        async move { enqueued?.wait(enough).await }
    }

    /// Listens, and only then enqueues. A worker may decide the message before the broker's confirm
    /// is back here, and publishes the outcome once: a client that began to listen after it was
    /// enqueued could miss the outcome, and would wait in vain until its time is up.
    ///
    /// The key is claimed before, too, so that a repeat that comes meanwhile is seen to be one.
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
    /// None where the client wants an answer at once, or too many wait already.
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
            // The outcome says more than the admission, so only a refusal is heard beside it.
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

/// The 503 of a message that was not admitted, counted. A key that was claimed for a message that
/// is certainly not queued is free again.
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
