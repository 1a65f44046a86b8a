//! A batch: the envelopes that one transaction decides.

use std::sync::Arc;

use booking::messages::{Envelope, Progress};
use booking::requests::{Decide, Request};
use broker::Delivery;
use broker::topology::REQUESTS;
use chrono::{DateTime, Utc};

use crate::fleet::in_hand::InHand;
use crate::metrics;
use crate::step::traces::Traces;

/// A request, and the queue that it came from.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// The name of the queue.
    pub(super) queue: Arc<str>,
    /// What is asked for.
    pub(super) request: Request,
}

/// What cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// The name of the queue that it came from.
    pub(super) queue: Arc<str>,
    /// Its bytes.
    pub(super) body: Vec<u8>,
    /// Why it cannot be read.
    pub(super) reason: String,
}

/// Envelopes of some partitions, those of each in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The requests that can be read, those of a partition in order of acceptance.
    pub(super) readable: Vec<Taken>,
    /// The others.
    pub(super) unreadable: Vec<Unreadable>,
    /// The traces of those that have one.
    pub(super) traces: Traces,
    envelopes: u32,
    redelivered: u32,
}

impl Batch {
    /// One envelope more.
    pub(super) fn add(&mut self, queue: &str, delivery: &Delivery) {
        self.envelopes += 1;
        self.redelivered += u32::from(delivery.redelivered);
        let last = self.readable.last().filter(|last| *last.queue == *queue);
        let queue = last.map_or_else(|| Arc::from(queue), |last| Arc::clone(&last.queue));
        let spoilt = |body, reason: String| Unreadable { queue: Arc::clone(&queue), body, reason };
        match Envelope::<Request>::open(&delivery.body) {
            Err(error) => self.unreadable.push(spoilt(delivery.body.clone(), error.to_string())),
            Ok(opened) => {
                let id = |at: usize| Some(opened.requests.get(at)?.as_ref().ok()?.key().1.0);
                self.traces.add(&opened.traces, id);
                for request in opened.requests {
                    match request {
                        Ok(request) => {
                            self.readable.push(Taken { queue: Arc::clone(&queue), request });
                        }
                        Err((body, error)) => self.unreadable.push(spoilt(body, error.to_string())),
                    }
                }
            }
        }
    }

    /// How many requests it has.
    pub(super) fn requests(&self) -> usize {
        self.readable.len() + self.unreadable.len()
    }

    /// Counts the batch, and keeps its age in view while it is in hand.
    pub(super) fn meter(&self) -> Vec<InHand> {
        let meter = metrics::pool(REQUESTS);
        meter.batch_requests.observe(self.requests() as f64);
        meter.batch_envelopes.observe(f64::from(self.envelopes));
        meter.redelivered.inc_by(u64::from(self.redelivered));
        let progress = self.progress();
        let of = |queue: &str| self.readable.iter().filter(|taken| *taken.queue == *queue).count();
        let take =
            |one: &Progress| InHand::take(&one.queue, of(&one.queue), one.oldest_accepted_at);
        progress.iter().map(take).collect()
    }

    /// How far each queue is with these requests.
    pub(super) fn progress(&self) -> Vec<Progress> {
        let mut all: Vec<Progress> = Vec::new();
        for taken in &self.readable {
            let at: DateTime<Utc> = taken.request.accepted_at();
            match all.iter_mut().rfind(|one| *one.queue == *taken.queue) {
                Some(one) => one.add(at),
                None => all.push(Progress::new(&taken.queue, at)),
            }
        }
        all
    }
}
