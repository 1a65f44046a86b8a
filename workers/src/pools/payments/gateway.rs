//! The interface of a payment gateway.

use booking::domain::Payment;
use booking::payments::Charge;

/// The gateway did not answer. Whether it moved money is unknown, so the call is repeated with the
/// same key.
#[derive(Debug, thiserror::Error)]
#[error("the gateway did not answer: {0}")]
pub struct GatewayError(pub String);

/// A payment gateway. The payment's id is the idempotency key: a repeated call has no further
/// effect, and gets the answer of the first.
pub trait PaymentGateway: Send + Sync + 'static {
    fn charge(
        &self,
        payment: &Payment,
    ) -> impl Future<Output = Result<Charge, GatewayError>> + Send;

    /// Refunds a captured charge in full.
    fn refund(&self, payment: &Payment) -> impl Future<Output = Result<(), GatewayError>> + Send;
}
