//! A batch: the envelopes that one transaction decides.

use common::broker::Delivery;
use common::messages::{Envelope, Request};

/// Envelopes in the order in which they came.
#[derive(Debug)]
pub(super) struct Batch {
    last: Delivery,
    /// The requests that can be read, in order of acceptance.
    pub(super) readable: Vec<Request>,
    /// What cannot be read, and why.
    pub(super) unreadable: Vec<(Vec<u8>, String)>,
}

impl Batch {
    /// A batch of one envelope.
    pub(super) fn new(first: Delivery) -> Self {
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        read(&first, &mut readable, &mut unreadable);
        Self { last: first, readable, unreadable }
    }

    /// One envelope more.
    pub(super) fn add(&mut self, delivery: Delivery) {
        read(&delivery, &mut self.readable, &mut self.unreadable);
        self.last = delivery;
    }

    /// How many requests it has.
    pub(super) fn requests(&self) -> usize {
        self.readable.len() + self.unreadable.len()
    }

    /// The last envelope: an ack of it acks all.
    pub(super) fn last(&self) -> &Delivery {
        &self.last
    }
}

fn read(delivery: &Delivery, readable: &mut Vec<Request>, unreadable: &mut Vec<(Vec<u8>, String)>) {
    match Envelope::decode(&delivery.body) {
        Err(error) => unreadable.push((delivery.body.clone(), error.to_string())),
        Ok(requests) => {
            for request in requests {
                match request {
                    Ok(request) => readable.push(request),
                    Err((bytes, error)) => unreadable.push((bytes, error.to_string())),
                }
            }
        }
    }
}
