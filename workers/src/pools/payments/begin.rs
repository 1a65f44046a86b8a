//! Transaction one of a payment: record the attempt and freeze the hold.

use std::collections::HashMap;

use booking::domain::Payment;
use booking::ledger::{Changes, Decision, Footprint, Ledger};
use booking::messages::Progress;
use booking::payments::{Begun, Pay, begin_payment};
use store::history::Cause;
use store::payments::{self, PaymentKey};
use store::{Failure, Transaction};

use super::attempt::{Attempt, Scene};
use super::fail::fail_payment;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::bury_request;
use crate::step::retry::Stopped;
use crate::step::single_out::{SharedStep, single_out};

/// Begins payments, and returns those to charge. A request that the database refuses becomes a dead
/// letter alone, and its payment is announced as failed.
pub(super) async fn begin_all(
    scene: &Scene<'_>,
    mut requests: Vec<Pay>,
    announcement: &mut Announcement,
) -> Result<Vec<Attempt>, Stopped> {
    let is_unknown = |request: &mut Pay| !scene.plans.contains_key(&request.event);
    for request in requests.extract_if(.., is_unknown) {
        announcement.message(bury_request(scene.queue, &request, "there is no such event"));
    }
    let mut begin = Begin { scene, announcement, to_charge: Vec::new() };
    single_out(scene.context, scene.queue, &scene.plans, &requests, &mut begin).await?;
    Ok(begin.to_charge)
}

struct Begin<'a> {
    scene: &'a Scene<'a>,
    announcement: &'a mut Announcement,
    to_charge: Vec<Attempt>,
}

impl SharedStep for Begin<'_> {
    type Item = Pay;
    /// What was begun, each with the index of its request.
    type Output = Vec<(usize, Begun)>;

    fn footprint(&self, part: &[Pay]) -> Footprint {
        let mut footprint = Footprint::default();
        footprint.reservations.extend(part.iter().map(|pay| (pay.event, pay.reservation)));
        footprint
    }

    async fn decide(
        &self,
        part: &[Pay],
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<Self::Output>, Failure> {
        let keys: Vec<PaymentKey> =
            part.iter().map(|request| (request.event, request.id)).collect();
        let stored = payments::find(transaction.connection(), &keys).await?;
        let mut known: HashMap<PaymentKey, Payment> = stored.clone();
        let mut all = Vec::with_capacity(part.len());
        let mut new = Vec::new();
        for (place, request) in part.iter().enumerate() {
            let key = (request.event, request.id);
            let begun = begin_payment(ledger, known.get(&key), request);
            let (Begun::Charge(payment) | Begun::Over(payment)) = &begun;
            // New, or begun by an earlier transaction. A repeat of a payment that this loop has
            // just begun is neither: it needs no second charge.
            if known.insert(key, payment.clone()).is_none() {
                new.push(payment.clone());
                all.push((place, begun));
            } else if stored.contains_key(&key) {
                all.push((place, begun));
            }
        }
        let cause = Cause { queue: self.scene.queue, at: ledger.now() };
        payments::insert(transaction, &new, cause).await?;
        Ok(Decision::Made(all))
    }

    fn committed(&mut self, part: &[Pay], begun: Self::Output, changes: Changes) {
        let mut outcomes = changes.outcomes;
        let accepted_at = part.iter().map(|pay| pay.accepted_at);
        outcomes.progress.extend(Progress::from_requests(self.scene.queue, accepted_at));
        for (place, one) in begun {
            let (Begun::Charge(payment) | Begun::Over(payment)) = &one;
            metrics::paid(payment);
            outcomes.payments.push(payment.clone());
            if let Begun::Charge(payment) = one {
                let attempt = Attempt { request: part[place].clone(), payment };
                add_once(&mut self.to_charge, attempt);
            }
        }
        self.scene.traces.follow(&mut outcomes);
        self.announcement.outcomes(self.scene.context, &outcomes);
    }

    async fn give_up(&mut self, request: &Pay, reason: &str) -> Result<(), Stopped> {
        self.announcement.message(bury_request(self.scene.queue, request, reason));
        fail_payment(self.scene, request, self.announcement).await
    }
}

/// A redelivered envelope may have a payment twice that was begun before. Charged twice side by
/// side, both answers might be finished in one transaction, which demands a row for each.
fn add_once(to_charge: &mut Vec<Attempt>, attempt: Attempt) {
    if to_charge.iter().all(|known| known.key() != attempt.key()) {
        to_charge.push(attempt);
    }
}

#[cfg(test)]
mod tests {
    use booking::domain::PaymentStatus;
    use booking::ids::{EventId, PaymentId, ReservationId};
    use uuid::Uuid;

    use super::*;

    fn attempt(number: u128) -> Attempt {
        let request = Pay {
            id: PaymentId(Uuid::from_u128(number)),
            event: EventId(1),
            reservation: ReservationId(Uuid::from_u128(9)),
            card: booking::domain::CardBehaviour::Succeeds,
            card_last4: "4242".to_owned(),
            accepted_at: chrono::DateTime::UNIX_EPOCH,
            patience_ms: 1,
            fingerprint: 1,
        };
        let payment = Payment {
            event: request.event,
            id: request.id,
            reservation: request.reservation,
            status: PaymentStatus::Processing,
            amount: 1,
            currency: "EUR".parse().expect("a currency"),
            card: request.card,
            card_last4: request.card_last4.clone(),
            reason: None,
            refund_due: false,
            created_at: request.accepted_at,
            fingerprint: request.fingerprint,
        };
        Attempt { request, payment }
    }

    #[test]
    fn a_payment_that_comes_twice_in_an_envelope_is_charged_once() {
        let mut to_charge = Vec::new();
        for number in [1, 2, 1, 1] {
            add_once(&mut to_charge, attempt(number));
        }
        let keys: Vec<PaymentKey> = to_charge.iter().map(Attempt::key).collect();
        assert_eq!(keys, [attempt(1).key(), attempt(2).key()]);
    }
}
