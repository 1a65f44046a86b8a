//! The dummy gateway. It records charges in a separate schema, and answers as the test card says.

use std::error::Error;
use std::time::Duration;

use booking::domain::{CardBehaviour, Payment, Reason};
use booking::payments::Charge;
use store::{Failure, Pool, charges};

use super::gateway::{GatewayError, PaymentGateway};

/// How long the first charge of the slow test card takes.
const SLOW: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct DummyGateway {
    pool: Pool,
}

impl From<store::Error> for GatewayError {
    fn from(error: store::Error) -> Self {
        // The conversion also notices a read-only server, so that the connection pool checks its
        // connections before they are used again.
        let failure = Failure::from(error);
        let cause = failure.source().map_or_else(String::new, ToString::to_string);
        Self(format!("{failure}: {cause}"))
    }
}

impl DummyGateway {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn refusal(&self, payment: &Payment) -> Result<Option<Reason>, GatewayError> {
        let fault = Reason::ProcessingError;
        Ok(match payment.card {
            CardBehaviour::Declined => Some(Reason::CardDeclined),
            CardBehaviour::InsufficientFunds => Some(Reason::InsufficientFunds),
            // This card fails at the first attempt for a reservation, and works at the next one.
            CardBehaviour::ProcessingError => {
                let attempt = payment.id.0;
                let reservation = payment.reservation.0;
                let mut books = self.pool.acquire().await?;
                let before = charges::was_refused(&mut books, attempt, reservation, fault).await?;
                (!before).then_some(fault)
            }
            CardBehaviour::Succeeds | CardBehaviour::Slow | CardBehaviour::LostAnswer => None,
        })
    }
}

impl PaymentGateway for DummyGateway {
    async fn charge(&self, payment: &Payment) -> Result<Charge, GatewayError> {
        let refusal = self.refusal(payment).await?;
        let mut books = self.pool.acquire().await?;
        let attempt = payment.id.0;
        let reservation = payment.reservation.0;
        let record =
            charges::record(&mut books, attempt, reservation, payment.money(), refusal).await?;
        drop(books);
        if record.amount != payment.amount {
            return Err(GatewayError("the same key was used for another amount".to_owned()));
        }
        match payment.card {
            CardBehaviour::Slow if record.calls == 1 => tokio::time::sleep(SLOW).await,
            CardBehaviour::LostAnswer if record.calls == 1 => std::future::pending().await,
            _ => {}
        }
        Ok(match record.refused {
            None => Charge::Captured,
            Some(Reason::ProcessingError) => Charge::Failed(Reason::ProcessingError),
            Some(reason) => Charge::Declined(reason),
        })
    }

    async fn refund(&self, payment: &Payment) -> Result<(), GatewayError> {
        let mut books = self.pool.acquire().await?;
        if charges::refund(&mut books, payment.id.0).await? {
            Ok(())
        } else {
            Err(GatewayError("nothing was captured under this key".to_owned()))
        }
    }
}
