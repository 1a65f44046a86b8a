//! What the steps of an envelope of payments share.

use booking::domain::Payment;
use booking::ledger::Footprint;
use booking::payments::Pay;
use store::lock::SeatingPlans;
use store::payments::PaymentKey;

use crate::context::Context;
use crate::step::traces::Traces;

/// What all payments of an envelope have in common.
pub(super) struct Scene<'a> {
    pub(super) context: &'a Context,
    pub(super) queue: &'a str,
    pub(super) plans: SeatingPlans,
    pub(super) traces: Traces,
}

/// A payment that was begun, and may have been charged.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// Kept for the dead letter: a replay of it resumes the payment where it stopped.
    pub(super) request: Pay,
    /// The payment as it was last written.
    pub(super) payment: Payment,
}

impl Attempt {
    pub(super) fn key(&self) -> PaymentKey {
        (self.payment.event, self.payment.id)
    }

    /// Adds the rows that a step of the payment locks in the first attempt.
    pub(super) fn add_to(&self, footprint: &mut Footprint) {
        footprint.reservations.insert((self.payment.event, self.payment.reservation));
    }
}
