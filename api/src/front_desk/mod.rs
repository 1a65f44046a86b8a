//! Admission: requests into envelopes, envelopes to the broker, and the word back to each request.

mod admission;
mod room;

pub use admission::Admission;
pub use room::{Refusal, Room};

use std::sync::Arc;

use booking::ids::ReservationId;
use booking::messages::{Envelope, Pay, Request};
use booking::trace::Trace;
use broker::topology::{self, Topology};
use broker::{Message, Publisher};
use chrono::{DateTime, Utc};
use process::settings;
use tokio::sync::Semaphore;

use crate::metrics::EnvelopeMeter;
use crate::outcomes::Pace;

/// A waiting room for every partition.
#[derive(Debug)]
pub struct FrontDesk {
    publisher: Publisher,
    topology: Topology,
    pace: Arc<Pace>,
    lag_max_ms: u32,
    requests: Vec<Partition<Request>>,
    payments: Vec<Partition<Pay>>,
}

#[derive(Debug)]
struct Partition<T> {
    queue: Arc<str>,
    room: Room<Traced<T>>,
}

/// A request, and its trace where it has one.
#[derive(Debug)]
struct Traced<T> {
    request: T,
    trace: Option<Trace>,
}

impl FrontDesk {
    /// Opens all rooms. They close when the desk is dropped. `pace` is told what is sent.
    pub fn open(
        settings: &settings::Api,
        topology: &Topology,
        publisher: &Publisher,
        pace: &Arc<Pace>,
    ) -> Self {
        let sender = |exchange| Sender {
            exchange,
            publisher: publisher.clone(),
            pace: Arc::clone(pace),
            in_flight: Arc::new(Semaphore::new(settings.envelopes_in_flight_max.max(1))),
        };
        let (to_requests, to_payments) = (sender(topology::REQUESTS), sender(topology::PAYMENTS));
        let requests = (0..topology.request_partitions()).map(|partition| {
            let queue = Topology::request_queue(partition);
            to_requests.partition(settings, partition, queue, Request::accepted_at)
        });
        let payments = (0..topology.payment_partitions()).map(|partition| {
            let queue = Topology::payment_queue(partition);
            to_payments.partition(settings, partition, queue, |pay: &Pay| pay.accepted_at)
        });
        Self {
            publisher: publisher.clone(),
            topology: topology.clone(),
            pace: Arc::clone(pace),
            lag_max_ms: settings.lag_max_ms,
            requests: requests.collect(),
            payments: payments.collect(),
        }
    }

    /// Requests can be admitted now, as far as is known.
    pub fn is_open(&self) -> bool {
        self.publisher.is_ready()
    }

    /// Lets a request for tickets wait for its place in the partition's queue. Refused at once where
    /// the queue is so far behind that it would be decided too late.
    pub fn enter(&self, partition: u16, request: Request) -> Result<Admission, Refusal> {
        let queue = &self.requests[usize::from(partition)].queue;
        if let Some(by_ms) = self.pace.is_behind(queue, self.lag_max_ms, request.accepted_at()) {
            return Err(Refusal::Behind { by_ms });
        }
        self.wait_in(&self.requests[usize::from(partition)], request)
    }

    /// The same for a cancel, however far behind the queue is: it makes tickets free.
    pub fn enter_cancel(&self, id: ReservationId, cancel: Request) -> Result<Admission, Refusal> {
        let partition = self.topology.cancel_partition(id);
        self.wait_in(&self.requests[usize::from(partition)], cancel)
    }

    /// The same for a payment, likewise.
    pub fn enter_payment(&self, payment: Pay) -> Result<Admission, Refusal> {
        let partition = self.topology.payment_partition(payment.reservation);
        self.wait_in(&self.payments[usize::from(partition)], payment)
    }

    fn wait_in<T: Send + 'static>(
        &self,
        partition: &Partition<T>,
        request: T,
    ) -> Result<Admission, Refusal> {
        if !self.is_open() {
            return Err(Refusal::Away);
        }
        partition.room.enter(Traced { request, trace: process::telemetry::current_trace() })
    }
}

/// Sends the envelopes of an exchange.
struct Sender {
    exchange: &'static str,
    publisher: Publisher,
    pace: Arc<Pace>,
    /// Few envelopes at once, so that under load they are large: each costs the broker and the
    /// workers about as much as a hundred requests in it.
    in_flight: Arc<Semaphore>,
}

impl Sender {
    fn partition<T: serde::Serialize + Send + 'static>(
        &self,
        settings: &settings::Api,
        partition: u16,
        queue: String,
        accepted_at: impl Fn(&T) -> DateTime<Utc> + Send + Sync + 'static,
    ) -> Partition<T> {
        let (exchange, publisher, pace) =
            (self.exchange, self.publisher.clone(), Arc::clone(&self.pace));
        let (key, queue) = (Topology::partition_key(partition), Arc::<str>::from(queue));
        let name = Arc::clone(&queue);
        let meter = EnvelopeMeter::new(exchange);
        let publish = move |guests: Vec<Traced<T>>| {
            let traces = (0..).zip(&guests).filter_map(|(at, guest)| Some((at, guest.trace?)));
            let traces = traces.collect();
            let requests: Vec<T> = guests.into_iter().map(|guest| guest.request).collect();
            let (count, meter) = (requests.len(), meter.clone());
            let oldest = requests.iter().map(&accepted_at).min();
            let body = Envelope::traced(requests, traces).encode();
            let (publisher, pace, name) = (publisher.clone(), Arc::clone(&pace), Arc::clone(&name));
            let message = Message::durable(exchange, key.clone(), body);
            async move {
                let word = publisher.publish(message).await;
                meter.sent(count, &word);
                word?;
                if let Some(accepted_at) = oldest {
                    pace.sent(&name, accepted_at);
                }
                Ok(())
            }
        };
        let (most, in_flight) = (settings.envelope_requests_max, Arc::clone(&self.in_flight));
        Partition { queue, room: Room::open(settings.waiting_room, most, in_flight, publish) }
    }
}
