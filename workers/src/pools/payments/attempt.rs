//! What the steps of one envelope of payments share.

use booking::domain::Payment;
use booking::ledger::Footprint;
use booking::payments::Pay;
use store::lock::SeatingPlans;
use store::payments::PaymentKey;

use crate::context::Context;
use crate::step::traces::Traces;

/// Where the payments of an envelope are handled.
pub(super) struct Scene<'a> {
    /// What the pools share.
    pub(super) context: &'a Context,
    /// The queue that the envelope came from.
    pub(super) queue: &'a str,
    /// The seating plans of its events.
    pub(super) plans: SeatingPlans,
    /// The traces of its payments.
    pub(super) traces: Traces,
}

/// A payment that was begun.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// What was asked for. Replayed, it resumes the payment where it stopped.
    pub(super) request: Pay,
    /// The payment as it was written last.
    pub(super) payment: Payment,
}

impl Attempt {
    pub(super) fn key(&self) -> PaymentKey {
        (self.payment.event, self.payment.id)
    }

    /// The rows that a step of the payment locks at first.
    pub(super) fn add_to(&self, footprint: &mut Footprint) {
        footprint.reservations.insert((self.payment.event, self.payment.reservation));
    }
}
