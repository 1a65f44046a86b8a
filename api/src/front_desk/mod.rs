//! Admission: requests into envelopes, envelopes to the broker, and back to each request whether it
//! was confirmed.

mod admission;
mod envelope;
mod meter;
mod refusal;
mod waiting_queue;

pub(crate) use admission::Admission;
pub(crate) use meter::{count_edge_refusal, register as register_metrics};
pub(crate) use refusal::Refusal;

use std::sync::Arc;

use booking::ids::ReservationId;
use booking::payments::Pay;
use booking::requests::{Decide, Request};
use broker::Publisher;
use broker::topology::{self, Topology};
use chrono::{DateTime, Utc};
use process::settings;
use serde::Serialize;
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::envelope::{EnvelopeSender, Traced};
use self::meter::EnvelopeMeter;
use self::waiting_queue::WaitingQueue;
use crate::idempotency::Keys;
use crate::outcomes::QueueLags;
use crate::problem::Problem;

/// A waiting queue for every partition.
#[derive(Debug)]
pub(crate) struct FrontDesk {
    publisher: Publisher,
    topology: Topology,
    lags: Arc<QueueLags>,
    lag_max_ms: u32,
    requests: Vec<Partition<Request>>,
    payments: Vec<Partition<Pay>>,
}

#[derive(Debug)]
struct Partition<T> {
    queue: Arc<str>,
    waiting: WaitingQueue<Traced<T>>,
}

impl FrontDesk {
    /// Opens all waiting queues. They close when the desk is dropped. `lags` hears what is sent.
    pub(crate) fn open(
        settings: &settings::Api,
        topology: &Topology,
        publisher: &Publisher,
        lags: &Arc<QueueLags>,
    ) -> Self {
        let requests = Exchange::of(topology::REQUESTS, settings, publisher, lags);
        let payments = Exchange::of(topology::PAYMENTS, settings, publisher, lags);
        let open_requests = |partition| {
            let queue = Topology::request_queue(partition);
            requests.open(settings, partition, queue, Request::accepted_at)
        };
        let open_payments = |partition| {
            let queue = Topology::payment_queue(partition);
            payments.open(settings, partition, queue, |pay: &Pay| pay.accepted_at)
        };
        Self {
            publisher: publisher.clone(),
            topology: topology.clone(),
            lags: Arc::clone(lags),
            lag_max_ms: settings.lag_max_ms,
            requests: (0..topology.request_partitions()).map(open_requests).collect(),
            payments: (0..topology.payment_partitions()).map(open_payments).collect(),
        }
    }

    /// Requests can be admitted now, as far as is known.
    pub(crate) fn is_open(&self) -> bool {
        self.publisher.is_ready()
    }

    /// Lets a request for tickets wait for its place in the partition's queue. Refused at once
    /// where the queue is so far behind that it would be decided too late.
    pub(crate) fn enter(&self, partition: u16, request: Request) -> Result<Admission, Refusal> {
        let partition = &self.requests[usize::from(partition)];
        let now = request.accepted_at();
        if let Some(by_ms) = self.lags.is_behind(&partition.queue, self.lag_max_ms, now) {
            return Err(Refusal::Behind { by_ms });
        }
        self.enter_partition(partition, request)
    }

    /// The same for a cancel, however far behind the queue is: it makes tickets free.
    pub(crate) fn enter_cancel(
        &self,
        id: ReservationId,
        cancel: Request,
    ) -> Result<Admission, Refusal> {
        let partition = self.topology.cancel_partition(id);
        self.enter_partition(&self.requests[usize::from(partition)], cancel)
    }

    /// The same for a payment, likewise.
    pub(crate) fn enter_payment(&self, payment: Pay) -> Result<Admission, Refusal> {
        let partition = self.topology.payment_partition(payment.reservation);
        self.enter_partition(&self.payments[usize::from(partition)], payment)
    }

    fn enter_partition<T: Send + 'static>(
        &self,
        partition: &Partition<T>,
        request: T,
    ) -> Result<Admission, Refusal> {
        if !self.is_open() {
            return Err(Refusal::Away);
        }
        partition.waiting.enter(Traced::current(request))
    }
}

/// The 503 of a request that was not admitted, counted. A key that was claimed for a request that
/// is certainly not queued is free again.
pub(crate) fn refuse(
    keys: &Keys,
    refusal: Refusal,
    name: &str,
    id: Uuid,
    is_claimed: bool,
) -> Problem {
    meter::count_refusal(refusal);
    if is_claimed && refusal != Refusal::Unknown {
        keys.forget(id);
    }
    refusal.to_problem(name, id)
}

/// What the partitions of one exchange share.
struct Exchange<'a> {
    name: &'static str,
    publisher: &'a Publisher,
    lags: &'a Arc<QueueLags>,
    /// Few envelopes at once, so that under load they are large: each costs the broker and the
    /// workers about as much as a hundred requests in it.
    in_flight: Arc<Semaphore>,
}

impl<'a> Exchange<'a> {
    fn of(
        name: &'static str,
        settings: &settings::Api,
        publisher: &'a Publisher,
        lags: &'a Arc<QueueLags>,
    ) -> Self {
        let in_flight = Arc::new(Semaphore::new(settings.envelopes_in_flight_max.max(1)));
        Self { name, publisher, lags, in_flight }
    }

    fn open<T: Serialize + Send + 'static>(
        &self,
        settings: &settings::Api,
        partition: u16,
        queue: String,
        accepted_at: fn(&T) -> DateTime<Utc>,
    ) -> Partition<T> {
        let queue = Arc::<str>::from(queue);
        let sender = Arc::new(EnvelopeSender {
            exchange: self.name,
            routing_key: Topology::partition_key(partition),
            queue: Arc::clone(&queue),
            publisher: self.publisher.clone(),
            lags: Arc::clone(self.lags),
            meter: EnvelopeMeter::of(self.name),
            accepted_at,
        });
        let publish = move |requests| {
            let sender = Arc::clone(&sender);
            async move { sender.send(requests).await }
        };
        let waiting = WaitingQueue::open(
            settings.waiting_queue_max,
            settings.envelope_requests_max,
            Arc::clone(&self.in_flight),
            publish,
        );
        Partition { queue, waiting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_free_again_only_where_its_request_is_certainly_not_queued() {
        let keys = Keys::default();
        let id = Uuid::from_u128(1);
        assert!(keys.claim(id, 7));
        let _problem = refuse(&keys, Refusal::Unknown, "reservation", id, true);
        assert!(keys.is_known(id));
        let _problem = refuse(&keys, Refusal::Full, "reservation", id, false);
        assert!(keys.is_known(id), "another request had claimed it");
        let _problem = refuse(&keys, Refusal::Full, "reservation", id, true);
        assert!(!keys.is_known(id));
    }
}
