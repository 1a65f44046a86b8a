//! Tells what was committed: outcomes to the front doors, holds to the delay queues.

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

/// Holds in one delayed message, at most.
const HOLDS_MAX: usize = 500;
/// How much a hold may be freed late so that its expiry takes one hop: the time from the decision
/// to the publish is missing from what remains.
const LATE_MS: i64 = 100;

/// Messages that must be with the broker before what caused them is acked.
#[derive(Debug, Default)]
pub(crate) struct Announcement {
    messages: Vec<Announced>,
}

#[derive(Debug)]
enum Announced {
    /// It has one way to go.
    Message(Publication),
    /// Holds that some delay queue has to carry.
    Holds(Holds),
}

#[derive(Debug)]
struct Holds {
    /// What remained of the first of them.
    remaining_ms: i64,
    since: Instant,
    body: Vec<u8>,
}

impl Announced {
    /// The message to send now. Holds go into the best delay queue of those that take messages: a
    /// shorter one takes them there by hops.
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
    /// Tells of these outcomes, and has the holds among them looked at when they are due. A replay
    /// sends its hold again, for the time that remains: the first message may be lost.
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

    /// Has holds looked at when they are due.
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

    /// Any other message.
    pub(crate) fn message(&mut self, message: Publication) {
        self.messages.push(Announced::Message(message));
    }

    /// Publishes until the broker has everything, or the process ends.
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

/// This queue did not take holds: they go by the others until it takes a message that names none.
fn mark_failed(context: &Context, queue: String) {
    let Some((exchange, key)) = context.topology.way_into(&queue) else { return };
    let probe = DueHolds::new(Prompt::Hold, Vec::new()).encode();
    context.failed_queues.refused(queue, Publication::durable(exchange, key, probe));
}
