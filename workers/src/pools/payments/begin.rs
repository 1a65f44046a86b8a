//! Transaction one of a payment: record the attempt and freeze the hold.

use std::collections::{HashMap, VecDeque};

use booking::decide::{Begun, Footprint, Ledger, begin_payment};
use booking::domain::Payment;
use booking::messages::{Pay, Progress};
use store::history::Cause;
use store::payments::{self, PaymentKey};
use store::{Failure, Transaction};

use super::envelope::Scene;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::dead_letter;
use crate::step::retry::Stopped;
use crate::step::transact::{NotDone, Step, persist};

struct Begin<'a> {
    queue: &'a str,
    requests: &'a [Pay],
}

impl Step for Begin<'_> {
    type Output = Vec<Begun>;

    async fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Result<Vec<Begun>, Footprint>, Failure> {
        let keys: Vec<PaymentKey> =
            self.requests.iter().map(|request| (request.event, request.id)).collect();
        let stored = payments::find(transaction.connection(), &keys).await?;
        let mut known: HashMap<PaymentKey, Payment> = stored.clone();
        let mut all = Vec::with_capacity(self.requests.len());
        let mut new = Vec::new();
        for request in self.requests {
            let key = (request.event, request.id);
            let begun = begin_payment(ledger, known.get(&key), request);
            let (Begun::Charge(payment) | Begun::Over(payment)) = &begun;
            if known.insert(key, payment.clone()).is_none() {
                new.push(payment.clone());
                all.push(begun);
            } else if stored.contains_key(&key) {
                all.push(begun);
            }
        }
        let cause = Cause { queue: self.queue, at: ledger.now() };
        payments::insert(transaction, &new, cause).await?;
        Ok(Ok(all))
    }
}

/// Begins payments; returns those that are to be charged. What cannot be written goes to the dead
/// letters alone.
pub(super) async fn begin(
    scene: &Scene<'_>,
    requests: Vec<Pay>,
    announcement: &mut Announcement,
) -> Result<Vec<Payment>, Stopped> {
    let (known, unknown): (Vec<Pay>, Vec<Pay>) =
        requests.into_iter().partition(|request| scene.houses.contains_key(&request.event));
    for request in &unknown {
        announcement.message(poison(scene.queue, request, "there is no such event"));
    }
    let mut to_charge = Vec::new();
    let mut parts = VecDeque::from([known.as_slice()]);
    while let Some(part) = parts.pop_front() {
        if part.is_empty() {
            continue;
        }
        let mut footprint = Footprint::default();
        footprint.reservations.extend(part.iter().map(|pay| (pay.event, pay.reservation)));
        let step = Begin { queue: scene.queue, requests: part };
        match persist(scene.context, scene.queue, &footprint, &scene.houses, &step).await {
            Ok((begun, changes)) => {
                let mut outcomes = changes.outcomes;
                let accepted_at = part.iter().map(|pay| pay.accepted_at);
                outcomes.progress.extend(Progress::of(scene.queue, accepted_at));
                for one in begun {
                    let (Begun::Charge(payment) | Begun::Over(payment)) = &one;
                    metrics::paid(payment);
                    outcomes.payments.push(payment.clone());
                    if let Begun::Charge(payment) = one {
                        to_charge.push(payment);
                    }
                }
                scene.traces.follow(&mut outcomes);
                announcement.outcomes(scene.context, &outcomes);
            }
            Err(NotDone::Stopped) => return Err(Stopped),
            Err(NotDone::Refused(error)) if part.len() == 1 => {
                announcement.message(poison(scene.queue, &part[0], &error.to_string()));
            }
            Err(NotDone::Refused(_)) => {
                let (left, right) = part.split_at(part.len() / 2);
                parts.push_front(right);
                parts.push_front(left);
            }
        }
    }
    Ok(to_charge)
}

fn poison(queue: &str, request: &Pay, reason: &str) -> broker::Message {
    let body = serde_json::to_vec(request).expect("plain data always has a JSON form");
    dead_letter(queue, body, reason)
}
