//! Tells what was committed: outcomes to the front doors, holds to the delay queues.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::backoff::Backoff;
use common::broker::{Message as Envelope, PublishError};
use common::domain::ReservationStatus;
use common::messages::{DueHold, DueHolds, Message, Outcomes, Prompt};
use common::topology::{HOLDS, OUTCOMES};

use crate::transact::{Stopped, wait};
use crate::{Context, metrics};

/// Holds in one delayed message, at most.
const HOLDS_MAX: usize = 500;
/// How much a hold may be freed late so that its expiry takes one hop: the time from the decision
/// to the publish is missing from what remains.
const LATE_MS: i64 = 100;

/// Messages that must be with the broker before what caused them is acked.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    messages: Vec<Envelope>,
}

impl Telling {
    /// Tells of these outcomes, and has the holds among them looked at when they are due. A replay
    /// sends its hold again, for the time that remains: the first message may be lost.
    pub(crate) fn outcomes(&mut self, context: &Context, outcomes: &Outcomes) {
        if outcomes.is_empty() {
            return;
        }
        if let Some(accepted_at) = outcomes.oldest_accepted_at() {
            let wait = metrics::seconds(outcomes.decided_at - accepted_at);
            metrics::pool(&outcomes.queue).wait.observe(wait);
        }
        let held = outcomes.reservations.iter().filter(|r| r.status == ReservationStatus::Held);
        let holds = held.filter_map(|reservation| {
            let due_at = reservation.expires_at?;
            Some(DueHold { event: reservation.event, reservation: reservation.id, due_at })
        });
        self.holds(context, Prompt::Hold, holds, outcomes.decided_at);
        let key = outcomes.queue.clone();
        self.messages.push(Envelope::hint(OUTCOMES, key, outcomes.encode()));
    }

    /// Has holds looked at when they are due.
    pub(crate) fn holds(
        &mut self,
        context: &Context,
        prompt: Prompt,
        holds: impl IntoIterator<Item = DueHold>,
        now: DateTime<Utc>,
    ) {
        let mut by_key: BTreeMap<String, Vec<DueHold>> = BTreeMap::new();
        for hold in holds {
            let remaining_ms = (hold.due_at - now).num_milliseconds();
            by_key.entry(context.topology.delay_key(remaining_ms, LATE_MS)).or_default().push(hold);
        }
        for (key, holds) in by_key {
            for part in holds.chunks(HOLDS_MAX) {
                let body = DueHolds::new(prompt, part.to_vec()).encode();
                self.messages.push(Envelope::durable(HOLDS, key.clone(), body));
            }
        }
    }

    /// Any other message.
    pub(crate) fn message(&mut self, message: Envelope) {
        self.messages.push(message);
    }

    /// Publishes until the broker has everything, or the process ends.
    pub(crate) async fn send(self, context: &Context, queue: &str) -> Result<(), Stopped> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let mut left = self.messages;
        loop {
            let results = context.publisher.publish_all(left.clone()).await;
            let mut failure = None;
            let mut missing = Vec::new();
            for (message, result) in left.into_iter().zip(results) {
                if let Err(error) = result {
                    failure = Some(error);
                    missing.push(message);
                }
            }
            left = missing;
            match failure {
                None => return Ok(()),
                Some(error) => wait(context, queue, &error as &PublishError, &mut backoff).await?,
            }
        }
    }
}
