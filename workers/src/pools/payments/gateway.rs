//! What a payment gateway must do.

use booking::domain::Payment;
use booking::payments::Charge;

/// The gateway did not answer: whether it charged is unknown, so the same is asked again with the
/// same key.
#[derive(Debug, thiserror::Error)]
#[error("the gateway did not answer: {0}")]
pub struct GatewayError(pub String);

/// A payment gateway. Calls are idempotent by the payment's id: a repeated call has the first
/// call's effect and answer.
pub trait PaymentGateway: Send + Sync + 'static {
    /// Charges the payment's amount.
    fn charge(
        &self,
        payment: &Payment,
    ) -> impl Future<Output = Result<Charge, GatewayError>> + Send;

    /// Gives a captured charge back in full, once.
    fn refund(&self, payment: &Payment) -> impl Future<Output = Result<(), GatewayError>> + Send;
}
