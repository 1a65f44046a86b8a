//! A batch: the envelopes whose requests are decided together.

use std::sync::Arc;

use booking::messages::{Envelope, Progress};
use booking::payments::Pay;
use booking::requests::{Decide, Request};
use broker::Delivery;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::fleet::in_hand::InHand;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::{bury_message, bury_unreadable};
use crate::step::traces::Traces;

pub(super) trait Enveloped: DeserializeOwned {
    /// The id of the reservation or payment, under which its trace is kept.
    fn traced_id(&self) -> Uuid;

    fn accepted_at(&self) -> DateTime<Utc>;
}

impl Enveloped for Request {
    fn traced_id(&self) -> Uuid {
        self.key().1.0
    }

    fn accepted_at(&self) -> DateTime<Utc> {
        Decide::accepted_at(self)
    }
}

impl Enveloped for Pay {
    fn traced_id(&self) -> Uuid {
        self.id.0
    }

    fn accepted_at(&self) -> DateTime<Utc> {
        self.accepted_at
    }
}

#[derive(Debug, Clone)]
pub(super) struct Taken<T> {
    pub(super) queue: Arc<str>,
    pub(super) request: T,
}

/// Envelopes from one or more queues. Those of one queue keep their order.
#[derive(Debug)]
pub(super) struct Batch<T> {
    /// The requests that could be read. Those of one queue are in order of acceptance.
    pub(super) readable: Vec<Taken<T>>,
    /// Dead letters of the requests that could not be read, and later what the batch announces.
    pub(super) announcement: Announcement,
    pub(super) traces: Traces,
    unreadable: usize,
    envelopes: u32,
    redelivered: u32,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self {
            readable: Vec::new(),
            announcement: Announcement::default(),
            traces: Traces::default(),
            unreadable: 0,
            envelopes: 0,
            redelivered: 0,
        }
    }
}

impl<T: Enveloped> Batch<T> {
    /// Adds an envelope. What cannot be read becomes a dead letter; the rest is decided.
    pub(super) fn add(&mut self, queue: &str, delivery: &Delivery) {
        self.envelopes += 1;
        self.redelivered += u32::from(delivery.redelivered);
        let opened = match Envelope::<T>::open(&delivery.body) {
            Ok(opened) => opened,
            Err(error) => {
                self.unreadable += 1;
                let letter = bury_message(queue, delivery.body.clone(), &error.to_string());
                return self.announcement.message(letter);
            }
        };
        let id = |at: usize| Some(opened.requests.get(at)?.as_ref().ok()?.traced_id());
        self.traces.add(&opened.traces, id);
        // Requests of one queue share its name, to save an allocation for each envelope.
        let last = self.readable.last().filter(|last| *last.queue == *queue);
        let queue = last.map_or_else(|| Arc::from(queue), |last| Arc::clone(&last.queue));
        for request in opened.requests {
            match request {
                Ok(request) => self.readable.push(Taken { queue: Arc::clone(&queue), request }),
                Err((body, error)) => {
                    self.unreadable += 1;
                    let letter = bury_unreadable(&queue, body, &error.to_string());
                    self.announcement.message(letter);
                }
            }
        }
    }

    /// The number of requests, with those that could not be read.
    pub(super) fn requests(&self) -> usize {
        self.readable.len() + self.unreadable
    }

    pub(super) fn envelopes(&self) -> u32 {
        self.envelopes
    }

    /// Counts the batch. Its work counts as in hand until the returned values are dropped.
    pub(super) fn meter(&self, queue: &str) -> Vec<InHand> {
        let meter = metrics::pool(queue);
        meter.batch_requests.observe(self.requests() as f64);
        meter.batch_envelopes.observe(f64::from(self.envelopes));
        meter.redelivered.inc_by(u64::from(self.redelivered));
        let progress = progress_of(&self.readable);
        let of = |queue: &str| self.readable.iter().filter(|taken| *taken.queue == *queue).count();
        let take =
            |one: &Progress| InHand::take(&one.queue, of(&one.queue), one.oldest_accepted_at);
        progress.iter().map(take).collect()
    }
}

/// The progress of each queue after these requests are decided.
pub(super) fn progress_of<T: Enveloped>(requests: &[Taken<T>]) -> Vec<Progress> {
    let mut all: Vec<Progress> = Vec::new();
    for taken in requests {
        let at = taken.request.accepted_at();
        match all.iter_mut().rfind(|one| *one.queue == *taken.queue) {
            Some(one) => one.add(at),
            None => all.push(Progress::new(&taken.queue, at)),
        }
    }
    all
}
