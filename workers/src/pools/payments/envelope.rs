//! Handles one envelope of payments: begin all, charge side by side, finish as answers come.

use std::time::Duration;

use booking::domain::Payment;
use booking::messages::Envelope;
use booking::payments::{Charge, Pay};
use broker::{Delivery, LostConnection};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use process::backoff::Backoff;
use process::failpoint;
use store::lock::SeatingPlans;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::try_join;

use super::begin::begin;
use super::finish::{finish, refunded};
use super::gateway::{GatewayError, PaymentGateway};
use crate::context::Context;
use crate::fleet::in_hand::InHand;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::dead_letter;
use crate::step::retry::{Stopped, wait_to_retry};
use crate::step::traces::Traces;
use crate::step::transact::find_plans;

/// What the steps of one envelope share.
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

/// Handles an envelope and acks it; where the process ends before, it is left to another worker.
pub(super) async fn handle<G: PaymentGateway>(
    context: &Context,
    queue: &str,
    gateway: &G,
    at_once: &Semaphore,
    delivery: Delivery,
) -> Result<(), LostConnection> {
    match pay(context, queue, gateway, at_once, &delivery).await {
        Ok(()) => delivery.ack().await,
        Err(Stopped) => Ok(()),
    }
}

async fn pay<G: PaymentGateway>(
    context: &Context,
    queue: &str,
    gateway: &G,
    at_once: &Semaphore,
    delivery: &Delivery,
) -> Result<(), Stopped> {
    let mut announcement = Announcement::default();
    let mut traces = Traces::default();
    let requests = read(queue, delivery, &mut announcement, &mut traces);
    let events = requests.iter().map(|request| request.event).collect();
    let plans = find_plans(context, queue, events).await?;
    let scene = Scene { context, queue, plans, traces };
    let meter = metrics::pool(queue);
    meter.batch_requests.observe(requests.len() as f64);
    meter.batch_envelopes.observe(1.0);
    meter.redelivered.inc_by(u64::from(delivery.redelivered));
    let oldest = requests.iter().map(|request| request.accepted_at).min();
    let waiting = oldest.map(|accepted_at| InHand::take(queue, requests.len(), accepted_at));
    let begun = begin(&scene, requests, &mut announcement).await?;
    failpoint::reach("payments.begun").await;
    announcement.send(context, queue).await?;
    // What the gateway takes is no wait in our queue.
    drop(waiting);
    // Side by side: a charge that is not polled while others are finished keeps its place at the gateway
    // and its connection, and everybody waits for everybody.
    let (answered, mut answers) = mpsc::unbounded_channel();
    let charging = charge_all(&scene, gateway, at_once, begun, answered);
    let finishing = finish_all(&scene, gateway, &mut answers);
    try_join!(charging, finishing).map(|_| ())
}

/// Charges all; each is told when the gateway has answered. As many as one envelope has, at most.
async fn charge_all<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    at_once: &Semaphore,
    payments: Vec<Payment>,
    answered: UnboundedSender<(Payment, Charge)>,
) -> Result<(), Stopped> {
    let mut charges: FuturesUnordered<_> = payments
        .into_iter()
        .map(|payment| async {
            let _permit = at_once.acquire().await.map_err(|_| Stopped)?;
            let charge = charge(scene, gateway, &payment).await?;
            Ok::<_, Stopped>((payment, charge))
        })
        .collect();
    while let Some(charge) = charges.next().await {
        answered.send(charge?).map_err(|_| Stopped)?;
    }
    Ok(())
}

/// Finishes what was answered, together what came together, until nobody charges any more.
async fn finish_all<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    answers: &mut UnboundedReceiver<(Payment, Charge)>,
) -> Result<(), Stopped> {
    let (context, queue) = (scene.context, scene.queue);
    let at_most = context.settings.workers.payments_at_once.max(1);
    let mut answered = Vec::new();
    while answers.recv_many(&mut answered, at_most).await > 0 {
        failpoint::reach("payments.charged").await;
        let mut announcement = Announcement::default();
        let lost = finish(scene, std::mem::take(&mut answered), &mut announcement).await?;
        failpoint::reach("payments.finished").await;
        announcement.send(context, queue).await?;
        for payment in lost {
            refund(scene, gateway, &payment).await?;
            failpoint::reach("payments.refunded").await;
            let mut announcement = Announcement::default();
            refunded(scene, payment, &mut announcement).await?;
            announcement.send(context, queue).await?;
        }
    }
    Ok(())
}

/// Charges until the gateway answers, always with the same key.
async fn charge<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    payment: &Payment,
) -> Result<Charge, Stopped> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match answer(scene, "charge", gateway.charge(payment)).await {
            Ok(charge) => return Ok(charge),
            Err(error) => wait_to_retry(scene.context, scene.queue, &error, &mut backoff).await?,
        }
    }
}

async fn refund<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    payment: &Payment,
) -> Result<(), Stopped> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        match answer(scene, "refund", gateway.refund(payment)).await {
            Ok(()) => return Ok(()),
            Err(error) => wait_to_retry(scene.context, scene.queue, &error, &mut backoff).await?,
        }
    }
}

async fn answer<T>(
    scene: &Scene<'_>,
    kind: &str,
    call: impl Future<Output = Result<T, GatewayError>>,
) -> Result<T, GatewayError> {
    let limit = Duration::from_millis(scene.context.settings.workers.gateway_timeout_ms);
    let late = |_| GatewayError(format!("no answer within {limit:?}"));
    let called = metrics::Call::begin(kind);
    let answer = tokio::time::timeout(limit, call).await.unwrap_or_else(|out| Err(late(out)));
    called.end(answer.is_ok());
    answer
}

fn read(
    queue: &str,
    delivery: &Delivery,
    announcement: &mut Announcement,
    traces: &mut Traces,
) -> Vec<Pay> {
    let opened = match Envelope::<Pay>::open(&delivery.body) {
        Ok(opened) => opened,
        Err(error) => {
            let body = delivery.body.clone();
            announcement.message(dead_letter(queue, body, &error.to_string()));
            return Vec::new();
        }
    };
    traces.add(&opened.traces, |at| Some(opened.requests.get(at)?.as_ref().ok()?.id.0));
    let mut readable = Vec::new();
    for request in opened.requests {
        match request {
            Ok(request) => readable.push(request),
            Err((bytes, error)) => {
                announcement.message(dead_letter(queue, bytes, &error.to_string()))
            }
        }
    }
    readable
}
