//! Everything between the handlers and one exchange: a waiting queue for each partition, and where
//! the outcomes of its messages are awaited and read.

use std::hash::Hash;
use std::sync::Arc;

use booking::ids::EventId;
use booking::payments::Pay;
use booking::requests::{Decide, Request};
use broker::Publisher;
use broker::topology::{self, Topology};
use chrono::{DateTime, Utc};
use process::{clock, settings};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::admission::Admission;
use super::envelope::{EnvelopeSender, Traced};
use super::meter::EnvelopeMeter;
use super::refusal::Refusal;
use super::waiting_queue::WaitingQueue;
use crate::outcomes::{OutcomeDispatcher, QueueLags, Waiters};
use crate::reads::Reader;

/// Accepts messages `M`, whose outcome is a state `V` under an event and an id `I`.
#[derive(Debug)]
pub(super) struct Intake<M, I: Eq + Hash, V> {
    /// The name of the id in the problem of a refused message.
    pub(super) name: &'static str,
    pub(super) partitions: Vec<Partition<M>>,
    pub(super) publisher: Publisher,
    pub(super) lag_max_ms: u32,
    pub(super) waiters: Arc<Waiters<I, V>>,
    pub(super) reader: Arc<Reader<(EventId, I), V>>,
    /// For the idempotency keys and the lag of each queue.
    pub(super) outcomes: Arc<OutcomeDispatcher>,
}

/// A message, and what is to be known of it whatever it asks for.
#[derive(Debug)]
pub(super) struct Submission<M, I> {
    pub(super) message: M,
    /// Under which the outcome comes.
    pub(super) key: (EventId, I),
    pub(super) accepted_at: DateTime<Utc>,
    pub(super) partition: u16,
    /// It is let in however far behind the queue is.
    pub(super) may_be_late: bool,
    /// Of the body, where the client sent an idempotency key for it.
    pub(super) fingerprint: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Partition<M> {
    queue: Arc<str>,
    waiting: WaitingQueue<Traced<M>>,
}

impl<M: Send + 'static, I: Eq + Hash, V> Intake<M, I, V> {
    /// Puts a message into the waiting queue of its partition. It is refused at once if the lag is
    /// so large that the message would be decided too late.
    pub(super) fn enter(&self, submission: Submission<M, I>) -> Result<Admission, Refusal> {
        let partition = &self.partitions[usize::from(submission.partition)];
        if !submission.may_be_late {
            self.check_lag(&partition.queue, submission.accepted_at)?;
        }
        if !self.publisher.is_ready() {
            return Err(Refusal::Away);
        }
        partition.waiting.enter(Traced::current(submission.message))
    }

    fn check_lag(&self, queue: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        match self.outcomes.lags.is_behind(queue, self.lag_max_ms, now) {
            Some(by_ms) => Err(Refusal::Behind { by_ms }),
            None => Ok(()),
        }
    }

    /// When to expect an outcome of this partition, in milliseconds from now.
    pub(super) fn eta_ms(&self, partition: u16) -> u32 {
        let queue = &self.partitions[usize::from(partition)].queue;
        self.outcomes.lags.eta_ms(queue, clock::now())
    }
}

/// What every partition is opened with.
pub(super) struct Partitions<'a> {
    pub(super) settings: &'a settings::Api,
    pub(super) topology: &'a Topology,
    pub(super) publisher: &'a Publisher,
    pub(super) lags: &'a Arc<QueueLags>,
}

impl Partitions<'_> {
    pub(super) fn open_requests(&self) -> Vec<Partition<Request>> {
        let in_flight = self.limit_envelopes();
        (0..self.topology.request_partitions())
            .map(|partition| {
                let queue = Topology::request_queue(partition);
                let sender =
                    self.sender(topology::REQUESTS, partition, queue, Request::accepted_at);
                self.open_partition(sender, &in_flight)
            })
            .collect()
    }

    pub(super) fn open_payments(&self) -> Vec<Partition<Pay>> {
        let in_flight = self.limit_envelopes();
        (0..self.topology.payment_partitions())
            .map(|partition| {
                let queue = Topology::payment_queue(partition);
                let sender =
                    self.sender(topology::PAYMENTS, partition, queue, |pay: &Pay| pay.accepted_at);
                self.open_partition(sender, &in_flight)
            })
            .collect()
    }

    /// The permits that the partitions of one exchange share. Only a few envelopes are in flight at
    /// once, so that under load envelopes are large: each envelope costs the broker and the workers
    /// about as much as a hundred requests in it.
    fn limit_envelopes(&self) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(self.settings.envelopes_in_flight_max.max(1)))
    }

    fn sender<M>(
        &self,
        exchange: &'static str,
        partition: u16,
        queue: String,
        accepted_at: fn(&M) -> DateTime<Utc>,
    ) -> EnvelopeSender<M> {
        EnvelopeSender {
            exchange,
            routing_key: Topology::partition_key(partition),
            queue: queue.into(),
            publisher: self.publisher.clone(),
            lags: Arc::clone(self.lags),
            meter: EnvelopeMeter::of(exchange),
            accepted_at,
        }
    }

    fn open_partition<M: Serialize + Send + 'static>(
        &self,
        sender: EnvelopeSender<M>,
        in_flight: &Arc<Semaphore>,
    ) -> Partition<M> {
        Partition {
            queue: Arc::clone(&sender.queue),
            waiting: WaitingQueue::open(
                self.settings.waiting_queue_max,
                self.settings.envelope_requests_max,
                Arc::clone(in_flight),
                sender,
            ),
        }
    }
}
