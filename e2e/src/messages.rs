//! Messages that a test sends to the workers itself, as a front door would.

use anyhow::Result;
use booking::ids::{EventId, Mint, ReservationId};
use booking::messages::Envelope;
use booking::payments::Pay;
use booking::requests::{Cancel, Request, Reserve};
use broker::topology::{PAYMENTS, REQUESTS, Topology};
use broker::{Message, Publisher};
use process::settings::DEVELOPMENT_SECRET;
use serde::Serialize;
use testbed::requests;

/// The mint of the processes under test.
pub fn mint() -> Mint {
    Mint::new(DEVELOPMENT_SECRET)
}

/// A request for tickets of event 1.
pub fn reserve(customer: &str, tickets: &[i32]) -> Reserve {
    let now = process::clock::now();
    let id = mint().fresh(EventId(1), now);
    Reserve { id, event: EventId(1), ..requests::reserve(0, customer, tickets, now) }
}

/// A cancel.
pub fn cancel(id: ReservationId) -> Cancel {
    Cancel { id, event: EventId(1), accepted_at: process::clock::now() }
}

/// A payment with a card that succeeds.
pub fn pay(reservation: ReservationId) -> Pay {
    let now = process::clock::now();
    let id = mint().fresh(EventId(1), now);
    Pay { id, event: EventId(1), reservation, ..requests::pay(0, 0, now) }
}

/// Sends requests to a partition in one envelope.
pub async fn send(publisher: &Publisher, partition: u16, requests: Vec<Request>) -> Result<()> {
    envelope(publisher, REQUESTS, partition, requests).await
}

/// Sends payments to a partition in one envelope.
pub async fn send_payments(publisher: &Publisher, partition: u16, pays: Vec<Pay>) -> Result<()> {
    envelope(publisher, PAYMENTS, partition, pays).await
}

async fn envelope<T: Serialize>(
    publisher: &Publisher,
    exchange: &'static str,
    partition: u16,
    requests: Vec<T>,
) -> Result<()> {
    let (key, body) = (Topology::partition_key(partition), Envelope::new(requests).encode());
    Ok(publisher.publish(Message::durable(exchange, key, body)).await?)
}
