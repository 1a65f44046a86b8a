//! The waiting queue of one partition: while one envelope is in flight, the next one fills. There
//! is no timer: a single request leaves at once, and under load hundreds of requests share one
//! publisher confirm. The queues share a few permits to publish, so that envelopes get fuller as
//! the load rises.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use broker::PublishError;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::admission::{self, Admission, AdmissionSender};
use super::refusal::Refusal;

/// How long an envelope may keep its permit. Without this limit, one queue that does not confirm
/// would block the others until its publish times out.
const PERMIT_MAX: Duration = Duration::from_millis(250);

struct WaitingRequest<T> {
    request: T,
    sender: AdmissionSender,
}

pub(super) trait SendEnvelope<T>: Send + 'static {
    /// Sends requests in one envelope; returns when the broker has confirmed it.
    fn send_envelope(
        &self,
        requests: Vec<T>,
    ) -> impl Future<Output = Result<(), PublishError>> + Send;
}

/// A bounded queue and the task that empties it.
#[derive(Debug)]
pub(super) struct WaitingQueue<T> {
    waiting: mpsc::Sender<WaitingRequest<T>>,
}

impl<T: Send + 'static> WaitingQueue<T> {
    /// Opens a queue for `capacity` requests. They leave in envelopes through `sender`, one
    /// envelope for each permit of `in_flight`. The queue closes when it is dropped.
    pub(super) fn open(
        capacity: usize,
        envelope_requests_max: usize,
        in_flight: Arc<Semaphore>,
        sender: impl SendEnvelope<T>,
    ) -> Self {
        let (waiting, inbox) = mpsc::channel(capacity.max(1));
        tokio::spawn(send_envelopes(inbox, envelope_requests_max.max(1), in_flight, sender));
        Self { waiting }
    }

    /// Adds a request. It is admitted when its envelope is confirmed.
    pub(super) fn enter(&self, request: T) -> Result<Admission, Refusal> {
        let (sender, admission) = admission::open_pair();
        let waiting = WaitingRequest { request, sender };
        self.waiting.try_send(waiting).map_err(|_| Refusal::Full)?;
        Ok(admission)
    }
}

async fn send_envelopes<T: Send>(
    mut inbox: mpsc::Receiver<WaitingRequest<T>>,
    envelope_requests_max: usize,
    in_flight: Arc<Semaphore>,
    sender: impl SendEnvelope<T>,
) {
    let mut waiting = Vec::with_capacity(envelope_requests_max);
    while inbox.recv_many(&mut waiting, envelope_requests_max).await > 0 {
        let permit = in_flight.acquire().await.expect("it is never closed");
        // More requests may have arrived during the wait for the permit: they join this envelope.
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
        let mut publishing = pin!(sender.send_envelope(requests));
        let in_time = timeout(PERMIT_MAX, &mut publishing).await;
        drop(permit);
        let confirmed = match in_time {
            Ok(confirmed) => confirmed,
            // The permit is free for other queues; this queue still waits, so its order is kept.
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

    /// Notes what it is sent, and confirms it when it gets a permit.
    #[derive(Clone, Default)]
    struct Broker {
        envelopes: Arc<Mutex<Vec<Vec<u32>>>>,
        confirms: Arc<Mutex<Vec<Result<(), PublishError>>>>,
    }

    struct GatedBroker {
        broker: Broker,
        gate: Arc<Semaphore>,
    }

    impl SendEnvelope<u32> for GatedBroker {
        async fn send_envelope(&self, requests: Vec<u32>) -> Result<(), PublishError> {
            self.broker.envelopes.lock().unwrap().push(requests);
            self.gate.acquire().await.unwrap().forget();
            self.broker.confirms.lock().unwrap().pop().unwrap_or(Ok(()))
        }
    }

    impl Broker {
        fn queue(
            &self,
            capacity: usize,
            most: usize,
            gate: &Arc<Semaphore>,
        ) -> Arc<WaitingQueue<u32>> {
            let in_flight = Arc::new(Semaphore::new(1));
            self.queue_of(capacity, most, gate, &in_flight)
        }

        fn queue_of(
            &self,
            capacity: usize,
            most: usize,
            gate: &Arc<Semaphore>,
            in_flight: &Arc<Semaphore>,
        ) -> Arc<WaitingQueue<u32>> {
            let sender = GatedBroker { broker: self.clone(), gate: Arc::clone(gate) };
            Arc::new(WaitingQueue::open(capacity, most, Arc::clone(in_flight), sender))
        }

        async fn until_sent(&self, envelopes: usize) {
            while self.envelopes.lock().unwrap().len() < envelopes {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn enter(queue: &WaitingQueue<u32>, request: u32) -> Result<(), Refusal> {
        queue.enter(request)?.until_admitted().await
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
        let broker = Broker::default();
        let confirm = Arc::new(Semaphore::new(0));
        let in_flight = Arc::new(Semaphore::new(1));
        let one = broker.queue_of(10, 10, &confirm, &in_flight);
        let other = broker.queue_of(10, 10, &confirm, &in_flight);
        let mut waiting = vec![admit(&one, 1)];
        broker.until_sent(1).await;
        for (queue, request) in [(&other, 2), (&one, 3), (&other, 4), (&one, 5)] {
            waiting.push(admit(queue, request));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(*broker.envelopes.lock().unwrap(), [[1]], "the other queue waits for its turn");
        confirm.add_permits(3);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        assert_eq!(*broker.envelopes.lock().unwrap(), [vec![1], vec![2, 4], vec![3, 5]]);
    }
}
