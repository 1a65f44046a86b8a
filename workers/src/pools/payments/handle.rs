//! Handles one envelope of payments: begin all, charge side by side, finish as answers come.

use booking::decide::Charge;
use booking::messages::Pay;
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
use crate::step::transact::find_houses;

/// Has the payments of an envelope paid; where the process stops before, they are left to another
/// worker.
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
    let houses = find_houses(context, queue, events).await?;
    let scene = Scene { context, queue, houses, traces };
    let begun = begin_all(&scene, requests, &mut announcement).await?;
    failpoint::reach("payments.begun").await;
    announcement.publish(context, queue).await?;
    // What the gateway takes is no wait in our queue.
    drop(waiting);
    // Side by side: a charge that is not polled while others are finished keeps its permit and its
    // connection at the gateway, and everybody waits for everybody.
    let (answered, mut answers) = mpsc::unbounded_channel();
    let charging = charge_all(&scene, gateway, at_once, begun, answered);
    let finishing = finish_all(&scene, gateway, &mut answers);
    try_join!(charging, finishing).map(|_| ())
}

/// Finishes what was answered, together what came together, until nobody charges any more.
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
