//! Calls the gateway until it answers, always with the same key.

use std::time::Duration;

use booking::domain::Payment;
use booking::payments::Charge;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use process::backoff::Backoff;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;

use super::attempt::{Attempt, Scene};
use super::gateway::{GatewayError, PaymentGateway};
use crate::metrics;
use crate::step::retry::{Stopped, wait_to_retry};

/// Charges all payments of an envelope. Each is sent to `answered` when the gateway has answered.
pub(super) async fn charge_all<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    at_once: &Semaphore,
    attempts: Vec<Attempt>,
    answered: UnboundedSender<(Attempt, Charge)>,
) -> Result<(), Stopped> {
    let charge = |attempt| charge_in_turn(scene, gateway, at_once, attempt);
    let mut charges: FuturesUnordered<_> = attempts.into_iter().map(charge).collect();
    while let Some(charge) = charges.next().await {
        answered.send(charge?).map_err(|_| Stopped)?;
    }
    Ok(())
}

async fn charge_in_turn<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    at_once: &Semaphore,
    attempt: Attempt,
) -> Result<(Attempt, Charge), Stopped> {
    // Held over all retries, so a gateway that is down gets no more than this many calls.
    let _permit = at_once.acquire().await.map_err(|_| Stopped)?;
    let charge = charge_until_answered(scene, gateway, &attempt.payment).await?;
    Ok((attempt, charge))
}

async fn charge_until_answered<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    payment: &Payment,
) -> Result<Charge, Stopped> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match call(scene, "charge", gateway.charge(payment)).await {
            Ok(charge) => return Ok(charge),
            Err(error) => wait_to_retry(scene.context, scene.queue, &error, &mut backoff).await?,
        }
    }
}

pub(super) async fn give_charge_back<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    payment: &Payment,
) -> Result<(), Stopped> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match call(scene, "refund", gateway.refund(payment)).await {
            Ok(()) => return Ok(()),
            Err(error) => wait_to_retry(scene.context, scene.queue, &error, &mut backoff).await?,
        }
    }
}

async fn call<T>(
    scene: &Scene<'_>,
    kind: &str,
    answer: impl Future<Output = Result<T, GatewayError>>,
) -> Result<T, GatewayError> {
    let limit = Duration::from_millis(scene.context.settings.workers.gateway_timeout_ms);
    let late = |_| Err(GatewayError(format!("no answer within {limit:?}")));
    let called = metrics::Call::begin(kind);
    let answered = tokio::time::timeout(limit, answer).await.unwrap_or_else(late);
    called.end(answered.is_ok());
    answered
}
