//! Refunds a charge that succeeded after the hold was lost, and records the refund in a third
//! transaction.

use booking::domain::Payment;
use booking::ledger::{Decision, Footprint, Ledger};
use booking::payments::refunded_payment;
use process::failpoint;
use store::history::Cause;
use store::{Failure, Transaction, payments};

use super::attempt::{Attempt, Scene};
use super::charge::give_charge_back;
use super::gateway::PaymentGateway;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::bury_request;
use crate::step::retry::Stopped;
use crate::step::transact::{NotDone, Step, persist};

/// Refunds a payment, and announces that.
pub(super) async fn refund<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    attempt: Attempt,
) -> Result<(), Stopped> {
    give_charge_back(scene, gateway, &attempt.payment).await?;
    failpoint::reach("payments.refunded").await;
    let mut announcement = Announcement::default();
    record_refund(scene, &attempt, &mut announcement).await?;
    announcement.publish(scene.context, scene.queue).await
}

async fn record_refund(
    scene: &Scene<'_>,
    attempt: &Attempt,
    announcement: &mut Announcement,
) -> Result<(), Stopped> {
    let mut footprint = Footprint::default();
    attempt.add_to(&mut footprint);
    let refunded = Refunded { queue: scene.queue, attempt };
    match persist(scene.context, scene.queue, &footprint, &scene.plans, &refunded).await {
        Ok((payment, changes)) => {
            let mut outcomes = changes.outcomes;
            metrics::paid(&payment);
            outcomes.payments.push(payment);
            scene.traces.follow(&mut outcomes);
            announcement.outcomes(scene.context, &outcomes);
            Ok(())
        }
        Err(NotDone::Stopped) => Err(Stopped),
        // A replay finds that a refund is due, and repeats it with the same key at the gateway.
        Err(NotDone::Refused(error)) => {
            let reason = error.to_string();
            announcement.message(bury_request(scene.queue, &attempt.request, &reason));
            Ok(())
        }
    }
}

struct Refunded<'a> {
    queue: &'a str,
    attempt: &'a Attempt,
}

impl Step for Refunded<'_> {
    type Output = Payment;

    async fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<Payment>, Failure> {
        let key = self.attempt.key();
        let stored = payments::find(transaction.connection(), &[key]).await?.remove(&key);
        let payment = stored.unwrap_or_else(|| self.attempt.payment.clone());
        ledger.announce_again((payment.event, payment.reservation));
        if payment.status.is_final() {
            return Ok(Decision::Made(payment));
        }
        let payment = refunded_payment(&payment);
        let cause = Cause { queue: self.queue, at: ledger.now() };
        payments::update(transaction, std::slice::from_ref(&payment), cause).await?;
        Ok(Decision::Made(payment))
    }
}
