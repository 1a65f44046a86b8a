//! Answers the buyer of a poison payment request: the payment failed, and nothing was charged.

use std::time::Duration;

use booking::domain::{Payment, PaymentStatus, Reason};
use booking::ledger::{Decision, Footprint, Ledger};
use booking::messages::BatchOutcome;
use booking::payments::Pay;
use process::backoff::Backoff;
use process::clock;
use store::history::Cause;
use store::{Failure, Transaction, payments, pool};

use super::attempt::Scene;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::retry::{Stopped, wait_to_retry};
use crate::step::transact::{NotDone, Step, persist};

/// Records that a payment failed, and announces it. A payment that was begun before may have been
/// charged. It stays as it is, and operators can replay its dead letter.
pub(super) async fn fail_payment(
    scene: &Scene<'_>,
    request: &Pay,
    announcement: &mut Announcement,
) -> Result<(), Stopped> {
    let mut footprint = Footprint::default();
    footprint.reservations.insert((request.event, request.reservation));
    let fail = Fail { scene, request };
    match persist(scene.context, scene.queue, &footprint, &scene.plans, &fail).await {
        Ok((Some(payment), changes)) => {
            announce_failed(scene, payment, changes.outcomes, announcement);
        }
        // The failed payment cannot be written either, so it is announced without a row.
        Err(NotDone::Refused(_)) if is_unknown(scene, request).await? => {
            let outcomes = BatchOutcome::new(scene.queue, clock::now());
            announce_failed(scene, failed(scene, request), outcomes, announcement);
        }
        Ok((None, _)) | Err(NotDone::Refused(_)) => {}
        Err(NotDone::Stopped) => return Err(Stopped),
    }
    Ok(())
}

fn announce_failed(
    scene: &Scene<'_>,
    payment: Payment,
    mut outcomes: BatchOutcome,
    announcement: &mut Announcement,
) {
    metrics::paid(&payment);
    outcomes.payments.push(payment);
    scene.traces.follow(&mut outcomes);
    announcement.outcomes(scene.context, &outcomes);
}

struct Fail<'a> {
    scene: &'a Scene<'a>,
    request: &'a Pay,
}

impl Step for Fail<'_> {
    /// None if the payment was begun before and has no final state.
    type Output = Option<Payment>;

    async fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<Option<Payment>>, Failure> {
        let key = (self.request.event, self.request.id);
        let stored = payments::find(transaction.connection(), &[key]).await?.remove(&key);
        if let Some(payment) = stored {
            return Ok(Decision::Made(payment.status.is_final().then_some(payment)));
        }
        let payment = failed(self.scene, self.request);
        let cause = Cause { queue: self.scene.queue, at: ledger.now() };
        payments::insert(transaction, std::slice::from_ref(&payment), cause).await?;
        Ok(Decision::Made(Some(payment)))
    }
}

/// Whether this payment was never begun, and so never charged. If the database refuses to read it,
/// the answer is false, because it may have been charged.
async fn is_unknown(scene: &Scene<'_>, request: &Pay) -> Result<bool, Stopped> {
    let context = scene.context;
    let keys = [(request.event, request.id)];
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(2));
    loop {
        let find = async { payments::find(&mut *context.pool.acquire().await?, &keys).await };
        match pool::in_time(context.answer_timeout(), find).await.map_err(Failure::from) {
            Ok(found) => return Ok(found.is_empty()),
            Err(Failure::Refused(_)) => return Ok(false),
            Err(failure) => {
                metrics::pool(scene.queue).database.inc();
                wait_to_retry(context, scene.queue, &failure, &mut backoff).await?;
            }
        }
    }
}

/// A failed payment for this request, which was never charged.
fn failed(scene: &Scene<'_>, request: &Pay) -> Payment {
    Payment {
        event: request.event,
        id: request.id,
        reservation: request.reservation,
        status: PaymentStatus::Failed,
        amount: 0,
        currency: scene.plans[&request.event].currency,
        card: request.card,
        card_last4: writable_digits(&request.card_last4),
        reason: Some(Reason::InternalError),
        refund_due: false,
        created_at: request.accepted_at,
        fingerprint: request.fingerprint,
    }
}

/// The digits as the schema takes them, or zeros: this text may be what the database refused.
fn writable_digits(card_last4: &str) -> String {
    let is_writable = card_last4.len() == 4 && card_last4.bytes().all(|one| one.is_ascii_digit());
    if is_writable { card_last4.to_owned() } else { "0000".to_owned() }
}
