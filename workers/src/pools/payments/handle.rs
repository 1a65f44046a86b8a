//! Handles an envelope of payments: begins all, charges them in parallel, and finishes each when
//! the gateway has answered.

use booking::payments::{Charge, Pay};
use process::failpoint;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::try_join;

use super::attempt::{Attempt, Scene};
use super::begin::begin_all;
use super::charge::charge_all;
use super::finish::finish_together;
use super::gateway::PaymentGateway;
use super::refund::refund;
use crate::context::Context;
use crate::pools::batch::Batch;
use crate::step::announce::Announcement;
use crate::step::retry::Stopped;
use crate::step::transact::find_plans;

/// Handles the payments of an envelope. If the process gives up before the end, the broker
/// redelivers the envelope, and another worker resumes its payments.
pub(super) async fn pay<G: PaymentGateway>(
    context: &Context,
    queue: &str,
    gateway: &G,
    at_once: &Semaphore,
    batch: Batch<Pay>,
) -> Result<(), Stopped> {
    let waiting = batch.meter(queue);
    let Batch { readable, mut announcement, traces, .. } = batch;
    let requests: Vec<Pay> = readable.into_iter().map(|taken| taken.request).collect();
    let events = requests.iter().map(|request| request.event).collect();
    let plans = find_plans(context, queue, events).await?;
    let scene = Scene { context, queue, plans, traces };
    let begun = begin_all(&scene, requests, &mut announcement).await?;
    failpoint::reach("payments.begun").await;
    announcement.publish(context, queue).await?;
    // The gateway's time must not count as lag of this queue.
    drop(waiting);
    // Charge and finish at the same time. A charge that is not polled while others are finished
    // would keep its permit and its connection, and so delay the charges of other envelopes.
    let (answered, mut answers) = mpsc::unbounded_channel();
    let charging = charge_all(&scene, gateway, at_once, begun, answered);
    let finishing = finish_all(&scene, gateway, &mut answers);
    try_join!(charging, finishing).map(|_| ())
}

/// Finishes charges as their answers arrive, until all charges have ended. Answers that wait share
/// a transaction.
async fn finish_all<G: PaymentGateway>(
    scene: &Scene<'_>,
    gateway: &G,
    answers: &mut UnboundedReceiver<(Attempt, Charge)>,
) -> Result<(), Stopped> {
    let at_most = scene.context.settings.workers.payments_at_once.max(1);
    let mut answered = Vec::new();
    while answers.recv_many(&mut answered, at_most).await > 0 {
        failpoint::reach("payments.charged").await;
        let mut announcement = Announcement::default();
        let answered = std::mem::take(&mut answered);
        let lost = finish_together(scene, &answered, &mut announcement).await?;
        failpoint::reach("payments.finished").await;
        announcement.publish(scene.context, scene.queue).await?;
        for attempt in lost {
            refund(scene, gateway, attempt).await?;
        }
    }
    Ok(())
}
