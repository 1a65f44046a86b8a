//! Transaction two of a payment: confirm, or give the hold back.

use booking::ledger::{Changes, Decision, Footprint, Ledger};
use booking::payments::{Charge, Finished, finish_payment};
use store::history::Cause;
use store::payments::{self, PaymentKey};
use store::{Failure, Transaction};

use super::attempt::{Attempt, Scene};
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::bury_request;
use crate::step::retry::Stopped;
use crate::step::single_out::{SharedStep, single_out};

/// Records the gateway's answers; returns the payments that are to be given back. One that cannot
/// be written stays as it was begun: the card may have been charged, so its request goes to the
/// dead letters, and a replay resumes it with the same key at the gateway.
pub(super) async fn finish_together(
    scene: &Scene<'_>,
    answered: &[(Attempt, Charge)],
    announcement: &mut Announcement,
) -> Result<Vec<Attempt>, Stopped> {
    let mut finish = Finish { scene, announcement, lost: Vec::new() };
    single_out(scene.context, scene.queue, &scene.plans, answered, &mut finish).await?;
    Ok(finish.lost)
}

struct Finish<'a> {
    scene: &'a Scene<'a>,
    announcement: &'a mut Announcement,
    lost: Vec<Attempt>,
}

impl SharedStep for Finish<'_> {
    type Item = (Attempt, Charge);
    /// What became of each.
    type Output = Vec<Finished>;

    fn footprint(&self, part: &[Self::Item]) -> Footprint {
        let mut footprint = Footprint::default();
        for (attempt, _) in part {
            attempt.add_to(&mut footprint);
        }
        footprint
    }

    async fn decide(
        &self,
        part: &[Self::Item],
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<Vec<Finished>>, Failure> {
        let keys: Vec<PaymentKey> = part.iter().map(|(attempt, _)| attempt.key()).collect();
        let stored = payments::find(transaction.connection(), &keys).await?;
        let mut need = Footprint::default();
        let mut all = Vec::with_capacity(part.len());
        let mut changed = Vec::new();
        for (attempt, charge) in part {
            let payment = stored.get(&attempt.key()).unwrap_or(&attempt.payment);
            match finish_payment(ledger, payment, *charge) {
                Decision::NeedsLocks(more) => need.absorb(more),
                Decision::Made(finished) => {
                    let (Finished::Done(after) | Finished::Refund(after)) = &finished;
                    if after != payment {
                        changed.push(after.clone());
                    }
                    all.push(finished);
                }
            }
        }
        if need.is_empty() {
            let cause = Cause { queue: self.scene.queue, at: ledger.now() };
            payments::update(transaction, &changed, cause).await?;
        }
        Ok(Decision::unless_needed(need, all))
    }

    fn committed(&mut self, part: &[Self::Item], finished: Vec<Finished>, changes: Changes) {
        let mut outcomes = changes.outcomes;
        for ((attempt, _), one) in part.iter().zip(finished) {
            match one {
                Finished::Done(payment) => {
                    metrics::paid(&payment);
                    outcomes.payments.push(payment);
                }
                Finished::Refund(payment) => {
                    self.lost.push(Attempt { request: attempt.request.clone(), payment });
                }
            }
        }
        self.scene.traces.follow(&mut outcomes);
        self.announcement.outcomes(self.scene.context, &outcomes);
    }

    async fn give_up(&mut self, item: &Self::Item, reason: &str) -> Result<(), Stopped> {
        let (attempt, _) = item;
        self.announcement.message(bury_request(self.scene.queue, &attempt.request, reason));
        Ok(())
    }
}
