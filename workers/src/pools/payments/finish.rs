//! The second transaction of a payment: confirm the reservation, or unfreeze its hold.

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

/// Records the gateway's answers, and returns the payments to refund. A payment that cannot be
/// written stays as it was begun, because the card may have been charged. Its request becomes a
/// dead letter, and a replay resumes it with the same key at the gateway.
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
        // With more locks needed, this transaction is rolled back: write nothing.
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
