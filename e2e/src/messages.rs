//! Messages that a test publishes to the workers in place of a front door.

use anyhow::Result;
use booking::ids::{EventId, Mint, ReservationId};
use booking::messages::Envelope;
use booking::payments::Pay;
use booking::requests::{Cancel, Request, Reserve};
use broker::topology::{PAYMENTS, REQUESTS, Topology};
use broker::{Publication, Publisher};
use process::settings::DEVELOPMENT_SECRET;
use serde::Serialize;
use testbed::requests;

/// A mint with the secret of the processes under test.
pub fn mint() -> Mint {
    Mint::new(DEVELOPMENT_SECRET)
}

/// A request for tickets of event 1.
pub fn reserve(customer: &str, tickets: &[i32]) -> Reserve {
    let now = process::clock::now();
    let id = mint().fresh(EventId(1), now);
    Reserve { id, event: EventId(1), ..requests::reserve(0, customer, tickets, now) }
}

pub fn cancel(id: ReservationId) -> Cancel {
    Cancel { id, event: EventId(1), accepted_at: process::clock::now() }
}

/// A payment with a card that succeeds.
pub fn pay(reservation: ReservationId) -> Pay {
    let now = process::clock::now();
    let id = mint().fresh(EventId(1), now);
    Pay { id, event: EventId(1), reservation, ..requests::pay(0, 0, now) }
}

/// Publishes requests to a partition in one envelope.
pub async fn send(publisher: &Publisher, partition: u16, requests: Vec<Request>) -> Result<()> {
    envelope(publisher, REQUESTS, partition, requests).await
}

/// Publishes payments to a partition in one envelope.
pub async fn send_payments(publisher: &Publisher, partition: u16, pays: Vec<Pay>) -> Result<()> {
    envelope(publisher, PAYMENTS, partition, pays).await
}

async fn envelope<T: Serialize>(
    publisher: &Publisher,
    exchange: &'static str,
    partition: u16,
    requests: Vec<T>,
) -> Result<()> {
    let key = Topology::partition_key(partition);
    let body = Envelope::new(requests).encode();
    Ok(publisher.publish(Publication::durable(exchange, key, body)).await?)
}
