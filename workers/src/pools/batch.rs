//! A batch: the envelopes that are decided together.

use std::sync::Arc;

use booking::messages::{Envelope, Pay, Progress, Request};
use broker::Delivery;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::fleet::in_hand::InHand;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::{bury_message, bury_unreadable};
use crate::step::traces::Traces;

/// A kind of request that comes in envelopes.
pub(super) trait Enveloped: DeserializeOwned {
    /// The id of what it asks for, by which its trace is known.
    fn traced_id(&self) -> Uuid;

    /// When the front door accepted it.
    fn accepted_at(&self) -> DateTime<Utc>;
}

impl Enveloped for Request {
    fn traced_id(&self) -> Uuid {
        self.id().1.0
    }

    fn accepted_at(&self) -> DateTime<Utc> {
        Request::accepted_at(self)
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

/// A request, and the queue that it came from.
#[derive(Debug, Clone)]
pub(super) struct Taken<T> {
    /// The name of the queue.
    pub(super) queue: Arc<str>,
    /// What is asked for.
    pub(super) request: T,
}

/// Envelopes of some queues, those of each in the order in which they came.
#[derive(Debug)]
pub(super) struct Batch<T> {
    /// The requests that can be read, those of a queue in order of acceptance.
    pub(super) readable: Vec<Taken<T>>,
    /// The dead letters of those that cannot, and whatever else the batch comes to.
    pub(super) announcement: Announcement,
    /// The traces of those that have one.
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
    /// One envelope more.
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

    /// How many requests it has.
    pub(super) fn requests(&self) -> usize {
        self.readable.len() + self.unreadable
    }

    /// How many envelopes it has.
    pub(super) fn envelopes(&self) -> u32 {
        self.envelopes
    }

    /// Counts the batch, and keeps its age in view while it is in hand.
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

/// How far each queue is once these requests are decided.
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
