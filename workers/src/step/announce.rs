//! Publishes what was committed: outcomes to the front doors, holds to the delay queues.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use booking::domain::{Reservation, ReservationStatus};
use booking::messages::{BatchOutcome, DueHold, DueHolds, Message, Prompt};
use broker::topology::{HOLDS, OUTCOMES, Topology};
use broker::{Publication, PublishError};
use chrono::{DateTime, Utc};
use process::backoff::Backoff;

use crate::context::Context;
use crate::metrics;
use crate::step::retry::{Stopped, wait_to_retry};

/// The most holds in one delayed message.
const HOLDS_MAX: usize = 500;
/// The tolerance when a delay queue is chosen. A hold of 120 s has a little less left when it is
/// published; without a tolerance it would take many short hops instead of one of 120 s.
const LATE_MS: i64 = 100;

/// Messages that the broker must confirm before the messages that caused them are acked.
#[derive(Debug, Default)]
pub(crate) struct Announcement {
    messages: Vec<Announced>,
}

#[derive(Debug)]
enum Announced {
    Message(Publication),
    /// Holds for whichever delay queue is best at the time of sending.
    Holds(Holds),
}

#[derive(Debug)]
struct Holds {
    /// The time until the first of them is due, counted from `since`.
    remaining_ms: i64,
    since: Instant,
    body: Vec<u8>,
}

impl Announced {
    /// The message to send now. Holds go to the best delay queue that takes messages. If that one
    /// is shorter than the time that remains, they take several hops.
    fn message(&self, context: &Context) -> Publication {
        match self {
            Self::Message(message) => message.clone(),
            Self::Holds(holds) => {
                let remaining_ms = holds.remaining_ms - holds.since.elapsed().as_millis() as i64;
                let avoid = |queue: &str| context.failed_queues.contains(queue);
                let key = context.topology.delay_key(remaining_ms, LATE_MS, &avoid);
                Publication::durable(HOLDS, key, holds.body.clone())
            }
        }
    }
}

impl Announcement {
    /// Adds these outcomes, and a delayed message for each new hold. A replayed request sends its
    /// hold again with the time that remains, because the first message may be lost.
    pub(crate) fn outcomes(&mut self, context: &Context, outcomes: &BatchOutcome) {
        if outcomes.is_empty() {
            return;
        }
        if let Some(accepted_at) = outcomes.oldest_accepted_at() {
            let wait = metrics::seconds(outcomes.decided_at - accepted_at);
            metrics::pool(&outcomes.queue).wait.observe(wait);
        }
        let held = outcomes.reservations.iter().filter(|r| r.status == ReservationStatus::Held);
        let holds = held.filter_map(due_hold);
        self.holds(context, Prompt::Hold, holds, outcomes.decided_at);
        let key = outcomes.queue.clone();
        self.message(Publication::hint(OUTCOMES, key, outcomes.encode()));
    }

    /// Adds messages that prompt an expiry worker when these holds are due. Holds for the same
    /// delay queue share a message.
    pub(crate) fn holds(
        &mut self,
        context: &Context,
        prompt: Prompt,
        holds: impl IntoIterator<Item = DueHold>,
        now: DateTime<Utc>,
    ) {
        let since = Instant::now();
        let mut by_key: BTreeMap<String, Vec<DueHold>> = BTreeMap::new();
        let remaining_ms = |hold: &DueHold| (hold.due_at - now).num_milliseconds();
        for hold in holds {
            let key = context.topology.delay_key(remaining_ms(&hold), LATE_MS, &|_| false);
            by_key.entry(key).or_default().push(hold);
        }
        for holds in by_key.into_values() {
            for part in holds.chunks(HOLDS_MAX) {
                let body = DueHolds::new(prompt, part.to_vec()).encode();
                let remaining_ms = part.iter().map(remaining_ms).min().unwrap_or(0);
                self.messages.push(Announced::Holds(Holds { remaining_ms, since, body }));
            }
        }
    }

    pub(crate) fn message(&mut self, message: Publication) {
        self.messages.push(Announced::Message(message));
    }

    /// Publishes until the broker has confirmed every message, or the process gives up. Only the
    /// messages that failed are sent again.
    pub(crate) async fn publish(self, context: &Context, queue: &str) -> Result<(), Stopped> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let mut left = self.messages;
        loop {
            let messages: Vec<Publication> =
                left.iter().map(|announced| announced.message(context)).collect();
            let queues: Vec<Option<String>> = messages.iter().map(queue_of_holds).collect();
            let results = context.publisher.publish_all(messages).await;
            let mut failure = None;
            let mut missing = Vec::new();
            for ((announced, queue), result) in left.into_iter().zip(queues).zip(results) {
                let Err(error) = result else { continue };
                // `Away` means that the whole connection is lost, not that this queue failed.
                if let Some(queue) = queue.filter(|_| !matches!(error, PublishError::Away(_))) {
                    mark_failed(context, queue);
                }
                failure = Some(error);
                missing.push(announced);
            }
            left = missing;
            match failure {
                None => return Ok(()),
                Some(error) => {
                    wait_to_retry(context, queue, &error as &PublishError, &mut backoff).await?;
                }
            }
        }
    }
}

/// The hold of a reservation, if it has a time at which it is due.
fn due_hold(reservation: &Reservation) -> Option<DueHold> {
    let due_at = reservation.expires_at?;
    Some(DueHold { event: reservation.event, reservation: reservation.id, due_at })
}

fn queue_of_holds(message: &Publication) -> Option<String> {
    (message.exchange == HOLDS).then(|| Topology::holds_queue(&message.routing_key))
}

/// Marks a delay queue that did not take holds. They go to other delay queues until this one takes
/// a message without holds.
fn mark_failed(context: &Context, queue: String) {
    let Some((exchange, key)) = context.topology.way_into(&queue) else { return };
    let probe = DueHolds::new(Prompt::Hold, Vec::new()).encode();
    context.failed_queues.refused(queue, Publication::durable(exchange, key, probe));
}
