//! Frees holds that are due.

use booking::expiry::{Expiry, expire_hold};
use booking::ledger::{Changes, Decision, Footprint, Ledger};
use booking::messages::{DueHold, DueHolds, Message, Prompt};
use broker::Delivery;
use broker::topology::HOLDS_DUE;
use chrono::{DateTime, Utc};
use store::lock::SeatingPlans;
use store::{Failure, Transaction};

use crate::context::Context;
use crate::fleet::in_hand::InHand;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::bury_message;
use crate::step::retry::Stopped;
use crate::step::single_out::{SharedStep, single_out};
use crate::step::transact::find_plans;

/// Holds from some messages, to be checked in one transaction.
#[derive(Debug, Default)]
pub(super) struct DueBatch {
    holds: Vec<(Prompt, DueHold)>,
    /// Dead letters of the messages that could not be read, and later what the batch announces.
    announcement: Announcement,
    messages: u32,
    redelivered: u32,
}

impl DueBatch {
    /// Adds a message. One that cannot be read becomes a dead letter.
    pub(super) fn add(&mut self, delivery: &Delivery) {
        self.messages += 1;
        self.redelivered += u32::from(delivery.redelivered);
        match DueHolds::decode(&delivery.body) {
            Ok(due) => self.holds.extend(due.holds.iter().map(|hold| (due.prompt, *hold))),
            Err(error) => {
                let body = delivery.body.clone();
                self.announcement.message(bury_message(HOLDS_DUE, body, &error.to_string()));
            }
        }
    }

    pub(super) fn holds(&self) -> usize {
        self.holds.len()
    }

    /// Counts the batch. Its work counts as in hand until the returned value is dropped; its age is
    /// counted from when the oldest hold was due.
    pub(super) fn meter(&self) -> Option<InHand> {
        let meter = metrics::pool(HOLDS_DUE);
        meter.batch_requests.observe(self.holds.len() as f64);
        meter.batch_envelopes.observe(f64::from(self.messages));
        meter.redelivered.inc_by(u64::from(self.redelivered));
        let oldest = self.holds.iter().map(|(_, hold)| hold.due_at).min();
        oldest.map(|due_at| InHand::take(HOLDS_DUE, self.holds.len(), due_at))
    }
}

/// Frees the holds that are due by the database's clock. Returns what to announce before the batch
/// is acked.
pub(super) async fn free_due(context: &Context, batch: DueBatch) -> Result<Announcement, Stopped> {
    let DueBatch { holds, announcement, .. } = batch;
    let events = holds.iter().map(|(_, hold)| hold.event).collect();
    let plans = find_plans(context, HOLDS_DUE, events).await?;
    let mut free = Free { context, plans: &plans, announcement };
    single_out(context, HOLDS_DUE, &plans, &holds, &mut free).await?;
    Ok(free.announcement)
}

struct Free<'a> {
    context: &'a Context,
    plans: &'a SeatingPlans,
    announcement: Announcement,
}

/// What the prompts of one transaction led to.
#[derive(Default)]
struct Expired {
    freed: Vec<(Prompt, DateTime<Utc>)>,
    /// Not due yet, by the database's clock: they are delayed again.
    again: Vec<(Prompt, DueHold)>,
}

impl SharedStep for Free<'_> {
    type Item = (Prompt, DueHold);
    type Output = Expired;

    fn footprint(&self, part: &[Self::Item]) -> Footprint {
        // A hold of an event that does not exist has no rows to lock.
        let known = part.iter().filter(|(_, hold)| self.plans.contains_key(&hold.event));
        let mut footprint = Footprint::default();
        footprint.reservations.extend(known.map(|(_, hold)| (hold.event, hold.reservation)));
        footprint
    }

    async fn decide(
        &self,
        part: &[Self::Item],
        _transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<Expired>, Failure> {
        let mut done = Expired::default();
        for (prompt, hold) in part {
            match expire_hold(ledger, (hold.event, hold.reservation)) {
                Expiry::Expired => done.freed.push((*prompt, hold.due_at)),
                Expiry::NotDue(due_at) => done.again.push((*prompt, DueHold { due_at, ..*hold })),
                Expiry::Over => {}
            }
        }
        Ok(Decision::Made(done))
    }

    fn committed(&mut self, _part: &[Self::Item], expired: Expired, changes: Changes) {
        let now = changes.outcomes.decided_at;
        for prompt in Prompt::ALL {
            let again = expired.again.iter().filter(|(p, _)| p == prompt).map(|(_, hold)| *hold);
            self.announcement.holds(self.context, *prompt, again, now);
            let freed = expired.freed.iter().filter(|(p, _)| p == prompt).count();
            if freed > 0 {
                tracing::info!(freed, ?prompt, "holds expired");
            }
        }
        metrics::freed(&expired.freed, now);
        self.announcement.outcomes(self.context, &changes.outcomes);
    }

    async fn give_up(&mut self, item: &Self::Item, reason: &str) -> Result<(), Stopped> {
        let (prompt, hold) = item;
        let body = DueHolds::new(*prompt, vec![*hold]).encode();
        self.announcement.message(bury_message(HOLDS_DUE, body, reason));
        Ok(())
    }
}
