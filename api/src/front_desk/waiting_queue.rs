//! The waiting queue of one partition: one envelope is on its way while the next one fills. Nobody
//! waits for a timer, so alone a request travels at once, and under load hundreds share a confirm.
//! The queues share a few permits to send, so that the more there is to send, the fuller envelopes
//! are.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use broker::PublishError;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::admission::{self, Admission, AdmissionSender};
use super::refusal::Refusal;

/// How long an envelope keeps others from being sent. A queue that does not confirm would otherwise
/// take a permit from all until the publish times out.
const PERMIT_MAX: Duration = Duration::from_millis(250);

struct WaitingRequest<T> {
    request: T,
    sender: AdmissionSender,
}

/// A bounded queue and the task that empties it.
#[derive(Debug)]
pub(super) struct WaitingQueue<T> {
    waiting: mpsc::Sender<WaitingRequest<T>>,
}

impl<T: Send + 'static> WaitingQueue<T> {
    /// Opens a queue for `capacity` requests, which leave in envelopes through `publish` while
    /// there is a permit of `in_flight`. It closes when it is dropped.
    pub(super) fn open<F>(
        capacity: usize,
        envelope_requests_max: usize,
        in_flight: Arc<Semaphore>,
        publish: impl Fn(Vec<T>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), PublishError>> + Send + 'static,
    {
        let (waiting, inbox) = mpsc::channel(capacity.max(1));
        tokio::spawn(send_envelopes(inbox, envelope_requests_max.max(1), in_flight, publish));
        Self { waiting }
    }

    /// Lets a request wait; it is admitted when the envelope that it travels in is confirmed.
    pub(super) fn enter(&self, request: T) -> Result<Admission, Refusal> {
        let (sender, admission) = admission::open_pair();
        let waiting = WaitingRequest { request, sender };
        self.waiting.try_send(waiting).map_err(|_| Refusal::Full)?;
        Ok(admission)
    }
}

async fn send_envelopes<T, F>(
    mut inbox: mpsc::Receiver<WaitingRequest<T>>,
    envelope_requests_max: usize,
    in_flight: Arc<Semaphore>,
    publish: impl Fn(Vec<T>) -> F,
) where
    F: Future<Output = Result<(), PublishError>>,
{
    let mut waiting = Vec::with_capacity(envelope_requests_max);
    while inbox.recv_many(&mut waiting, envelope_requests_max).await > 0 {
        let permit = in_flight.acquire().await.expect("it is never closed");
        while waiting.len() < envelope_requests_max
            && let Ok(one) = inbox.try_recv()
        {
            waiting.push(one);
        }
        // Drop requests whose client has disconnected: they were promised nothing, and would hold
        // seats for nobody.
        waiting.retain(|one| !one.sender.is_abandoned());
        if waiting.is_empty() {
            continue;
        }
        let (requests, senders): (Vec<T>, Vec<_>) =
            waiting.drain(..).map(|one| (one.request, one.sender)).unzip();
        let mut publishing = pin!(publish(requests));
        let in_time = timeout(PERMIT_MAX, &mut publishing).await;
        drop(permit);
        let confirmed = match in_time {
            Ok(confirmed) => confirmed,
            Err(_) => publishing.await,
        };
        resolve(senders, confirmed);
    }
}

fn resolve(senders: Vec<AdmissionSender>, confirmed: Result<(), PublishError>) {
    let admitted = confirmed.map_err(|error| {
        tracing::warn!(%error, requests = senders.len(), "an envelope was not confirmed");
        to_refusal(&error)
    });
    for sender in senders {
        sender.send(admitted);
    }
}

fn to_refusal(error: &PublishError) -> Refusal {
    match error {
        PublishError::Full => Refusal::Full,
        PublishError::Away(_) | PublishError::Unroutable(_) => Refusal::Away,
        PublishError::Unknown => Refusal::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Broker {
        envelopes: Arc<Mutex<Vec<Vec<u32>>>>,
        confirms: Arc<Mutex<Vec<Result<(), PublishError>>>>,
    }

    impl Broker {
        fn queue(
            &self,
            capacity: usize,
            most: usize,
            gate: &Arc<Semaphore>,
        ) -> Arc<WaitingQueue<u32>> {
            let broker = self.clone();
            let gate = Arc::clone(gate);
            let in_flight = Arc::new(Semaphore::new(1));
            Arc::new(WaitingQueue::open(capacity, most, in_flight, move |requests: Vec<u32>| {
                let broker = broker.clone();
                let gate = Arc::clone(&gate);
                async move {
                    broker.envelopes.lock().unwrap().push(requests);
                    gate.acquire().await.unwrap().forget();
                    broker.confirms.lock().unwrap().pop().unwrap_or(Ok(()))
                }
            }))
        }

        async fn until_sent(&self, envelopes: usize) {
            while self.envelopes.lock().unwrap().len() < envelopes {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn enter(queue: &WaitingQueue<u32>, request: u32) -> Result<(), Refusal> {
        queue.enter(request)?.admitted().await
    }

    fn admit(
        queue: &Arc<WaitingQueue<u32>>,
        request: u32,
    ) -> tokio::task::JoinHandle<Result<(), Refusal>> {
        let queue = Arc::clone(queue);
        tokio::spawn(async move { enter(&queue, request).await })
    }

    #[tokio::test]
    async fn the_next_envelope_fills_while_one_is_on_its_way() {
        let broker = Broker::default();
        let gate = Arc::new(Semaphore::new(0));
        let queue = broker.queue(100, 3, &gate);
        let mut waiting = vec![admit(&queue, 1)];
        broker.until_sent(1).await;
        waiting.extend((2..=6).map(|request| admit(&queue, request)));
        while queue.waiting.capacity() > 95 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(3);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        let envelopes = broker.envelopes.lock().unwrap().clone();
        assert_eq!(envelopes, [vec![1], vec![2, 3, 4], vec![5, 6]], "in order, at most three");
    }

    #[tokio::test]
    async fn every_request_hears_what_became_of_its_own_envelope() {
        let broker = Broker::default();
        let gate = Arc::new(Semaphore::new(9));
        let queue = broker.queue(10, 1, &gate);
        for (error, refusal) in [
            (PublishError::Full, Refusal::Full),
            (PublishError::Away(String::new()), Refusal::Away),
            (PublishError::Unroutable(String::new()), Refusal::Away),
            (PublishError::Unknown, Refusal::Unknown),
        ] {
            broker.confirms.lock().unwrap().push(Err(error));
            assert_eq!(enter(&queue, 1).await, Err(refusal));
        }
        assert_eq!(enter(&queue, 1).await, Ok(()), "the queue goes on");
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_who_left_is_not_sent() {
        let broker = Broker::default();
        let gate = Arc::new(Semaphore::new(0));
        let queue = broker.queue(1, 10, &gate);
        let first = admit(&queue, 1);
        broker.until_sent(1).await;
        let left = admit(&queue, 2);
        while queue.waiting.capacity() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(enter(&queue, 3).await, Err(Refusal::Full));
        left.abort();
        assert!(left.await.is_err());
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), Ok(()));
        while queue.waiting.capacity() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(enter(&queue, 4).await, Ok(()));
        assert_eq!(*broker.envelopes.lock().unwrap(), [vec![1], vec![4]]);
    }

    #[tokio::test]
    async fn queues_that_share_permits_send_in_turn_and_fill_meanwhile() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let confirm = Arc::new(Semaphore::new(0));
        let in_flight = Arc::new(Semaphore::new(1));
        let open = || {
            let sent = Arc::clone(&sent);
            let confirm = Arc::clone(&confirm);
            Arc::new(WaitingQueue::open(
                10,
                10,
                Arc::clone(&in_flight),
                move |requests: Vec<u32>| {
                    let sent = Arc::clone(&sent);
                    let confirm = Arc::clone(&confirm);
                    async move {
                        sent.lock().unwrap().push(requests);
                        confirm.acquire().await.unwrap().forget();
                        Ok(())
                    }
                },
            ))
        };
        let one = open();
        let other = open();
        let mut waiting = vec![admit(&one, 1)];
        while sent.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        for (queue, request) in [(&other, 2), (&one, 3), (&other, 4), (&one, 5)] {
            waiting.push(admit(queue, request));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(*sent.lock().unwrap(), [[1]], "the other queue waits for its turn");
        confirm.add_permits(3);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        assert_eq!(*sent.lock().unwrap(), [vec![1], vec![2, 4], vec![3, 5]]);
    }
}
