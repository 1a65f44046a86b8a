//! Transaction two of a payment: confirm, or give the hold back; and the third, where a charge that
//! landed too late was refunded.

use booking::decide::{Charge, Finished, Footprint, Ledger, finish_payment, refunded_payment};
use booking::domain::Payment;
use store::history::Cause;
use store::payments::{self, PaymentKey};
use store::{Failure, Transaction};

use super::envelope::Scene;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::dead_letter;
use crate::step::retry::Stopped;
use crate::step::transact::{NotDone, Step, persist};

struct Finish<'a> {
    queue: &'a str,
    answered: &'a [(Payment, Charge)],
}

impl Step for Finish<'_> {
    type Output = Vec<Finished>;

    async fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Result<Vec<Finished>, Footprint>, Failure> {
        let keys: Vec<PaymentKey> = self.answered.iter().map(|(payment, _)| key(payment)).collect();
        let stored = payments::find(transaction.connection(), &keys).await?;
        let mut need = Footprint::default();
        let mut all = Vec::new();
        let mut changed = Vec::new();
        for (begun, charge) in self.answered {
            let payment = stored.get(&key(begun)).unwrap_or(begun);
            match finish_payment(ledger, payment, *charge) {
                Err(more) => need.absorb(more),
                Ok(finished) => {
                    let (Finished::Done(after) | Finished::Refund(after)) = &finished;
                    if after != payment {
                        changed.push(after.clone());
                    }
                    all.push(finished);
                }
            }
        }
        if !need.is_empty() {
            return Ok(Err(need));
        }
        let cause = Cause { queue: self.queue, at: ledger.now() };
        payments::update(transaction, &changed, cause).await?;
        Ok(Ok(all))
    }
}

struct Refunded<'a> {
    queue: &'a str,
    payment: &'a Payment,
}

impl Step for Refunded<'_> {
    type Output = Payment;

    async fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Result<Payment, Footprint>, Failure> {
        let key = key(self.payment);
        let stored = payments::find(transaction.connection(), &[key]).await?.remove(&key);
        let payment = stored.unwrap_or_else(|| self.payment.clone());
        ledger.replay((payment.event, payment.reservation));
        if payment.status.is_final() {
            return Ok(Ok(payment));
        }
        let payment = refunded_payment(&payment);
        let cause = Cause { queue: self.queue, at: ledger.now() };
        payments::update(transaction, std::slice::from_ref(&payment), cause).await?;
        Ok(Ok(payment))
    }
}

/// Records the gateway's answers; returns the payments that are to be given back.
pub(super) async fn finish(
    scene: &Scene<'_>,
    answered: Vec<(Payment, Charge)>,
    announcement: &mut Announcement,
) -> Result<Vec<Payment>, Stopped> {
    let footprint = footprint(answered.iter().map(|(payment, _)| payment));
    let step = Finish { queue: scene.queue, answered: &answered };
    match persist(scene.context, scene.queue, &footprint, &scene.houses, &step).await {
        Ok((finished, changes)) => {
            let mut outcomes = changes.outcomes;
            let mut lost = Vec::new();
            for one in finished {
                match one {
                    Finished::Done(payment) => {
                        metrics::paid(&payment);
                        outcomes.payments.push(payment);
                    }
                    Finished::Refund(payment) => lost.push(payment),
                }
            }
            scene.traces.follow(&mut outcomes);
            announcement.outcomes(scene.context, &outcomes);
            Ok(lost)
        }
        Err(NotDone::Stopped) => Err(Stopped),
        Err(NotDone::Refused(error)) => {
            let payments: Vec<&Payment> = answered.iter().map(|(payment, _)| payment).collect();
            let body = serde_json::to_vec(&payments).expect("plain data always has a JSON form");
            announcement.message(dead_letter(scene.queue, body, &error.to_string()));
            Ok(Vec::new())
        }
    }
}

/// Records that a payment was given back.
pub(super) async fn refunded(
    scene: &Scene<'_>,
    payment: Payment,
    announcement: &mut Announcement,
) -> Result<(), Stopped> {
    let footprint = footprint([&payment]);
    let step = Refunded { queue: scene.queue, payment: &payment };
    match persist(scene.context, scene.queue, &footprint, &scene.houses, &step).await {
        Ok((payment, changes)) => {
            let mut outcomes = changes.outcomes;
            metrics::paid(&payment);
            outcomes.payments.push(payment);
            scene.traces.follow(&mut outcomes);
            announcement.outcomes(scene.context, &outcomes);
            Ok(())
        }
        Err(NotDone::Stopped) => Err(Stopped),
        Err(NotDone::Refused(error)) => {
            let body = serde_json::to_vec(&payment).expect("plain data always has a JSON form");
            announcement.message(dead_letter(scene.queue, body, &error.to_string()));
            Ok(())
        }
    }
}

fn footprint<'a>(payments: impl IntoIterator<Item = &'a Payment>) -> Footprint {
    let mut footprint = Footprint::default();
    let keys = payments.into_iter().map(|payment| (payment.event, payment.reservation));
    footprint.reservations.extend(keys);
    footprint
}

fn key(payment: &Payment) -> PaymentKey {
    (payment.event, payment.id)
}
