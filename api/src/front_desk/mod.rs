//! Admission: requests into envelopes, envelopes to the broker, and the word back to each request.

mod room;

pub use room::{Refusal, Room};

use common::broker::{Message, Publisher};
use common::ids::ReservationId;
use common::messages::{Pay, Request};
use common::settings;
use common::topology::{self, Topology};

/// A waiting room for every partition.
#[derive(Debug)]
pub struct FrontDesk {
    publisher: Publisher,
    topology: Topology,
    requests: Vec<Room<Request>>,
    payments: Vec<Room<Pay>>,
}

impl FrontDesk {
    /// Opens all rooms. They close when the desk is dropped.
    pub fn open(settings: &settings::Api, topology: &Topology, publisher: &Publisher) -> Self {
        let requests = (0..topology.request_partitions())
            .map(|partition| room(settings, publisher, topology::REQUESTS, partition));
        let payments = (0..topology.payment_partitions())
            .map(|partition| room(settings, publisher, topology::PAYMENTS, partition));
        Self {
            publisher: publisher.clone(),
            topology: topology.clone(),
            requests: requests.collect(),
            payments: payments.collect(),
        }
    }

    /// Requests can be admitted now, as far as is known.
    pub fn is_open(&self) -> bool {
        self.publisher.is_ready()
    }

    /// Admits a request to the partition's queue; done when the broker has confirmed it.
    pub async fn admit(&self, partition: u16, request: Request) -> Result<(), Refusal> {
        if !self.is_open() {
            return Err(Refusal::Away);
        }
        self.requests[usize::from(partition)].admit(request).await
    }

    /// Admits a cancel.
    pub async fn admit_cancel(&self, id: ReservationId, cancel: Request) -> Result<(), Refusal> {
        self.admit(self.topology.cancel_partition(id), cancel).await
    }

    /// Admits a payment likewise.
    pub async fn admit_payment(&self, payment: Pay) -> Result<(), Refusal> {
        if !self.is_open() {
            return Err(Refusal::Away);
        }
        let partition = self.topology.payment_partition(payment.reservation);
        self.payments[usize::from(partition)].admit(payment).await
    }
}

fn room<T: serde::Serialize + Send + 'static>(
    settings: &settings::Api,
    publisher: &Publisher,
    exchange: &'static str,
    partition: u16,
) -> Room<T> {
    let publisher = publisher.clone();
    let key = Topology::partition_key(partition);
    Room::open(settings.waiting_room, settings.envelope_requests_max, move |body| {
        let (publisher, key) = (publisher.clone(), key.clone());
        async move { publisher.publish(Message::durable(exchange, key, body)).await }
    })
}
