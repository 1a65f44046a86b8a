//! The payment pool: begin (freeze the hold), charge at the gateway outside any transaction, finish
//! (confirm or give back). A crash in between is resumed by redelivery, with the same key at the
//! gateway, so a card is charged at most once.

mod begin;
mod dummy;
mod envelope;
mod finish;
mod gateway;

pub use gateway::{GatewayError, PaymentGateway};

use std::sync::Arc;

use booking::domain::WorkerPool;
use broker::topology::Topology;
use broker::{Connection, Delivery, LostConnection, Subscription};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use crate::context::Context;
use crate::subscriber::Subscriber;
use dummy::DummyGateway;

/// Consumes every partition of the payments, beside all other workers, until the process stops.
pub(crate) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
) -> Result<(), LostConnection> {
    let gateway = Arc::new(DummyGateway::new(context.pool.clone()));
    let at_once = Arc::new(Semaphore::new(context.settings.workers.payments_at_once));
    let mut tasks = JoinSet::new();
    for number in 0..context.topology.payment_partitions() {
        let (context, connection) = (Arc::clone(context), Arc::clone(connection));
        let (gateway, at_once) = (Arc::clone(&gateway), Arc::clone(&at_once));
        let queue = Topology::payment_queue(number);
        tasks
            .spawn(async move { consume(&context, &connection, &queue, &gateway, &at_once).await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| LostConnection(error.to_string()))??;
    }
    Ok(())
}

/// Envelopes are handled side by side, because a gateway may be slow, and acked one by one.
async fn consume<G: PaymentGateway>(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
    queue: &str,
    gateway: &Arc<G>,
    at_once: &Arc<Semaphore>,
) -> Result<(), LostConnection> {
    let prefetch = context.settings.workers.prefetch;
    let subscription = Subscription { queue: queue.to_owned(), prefetch, priority: 0 };
    if !context.may_work(WorkerPool::Payments, &[queue]).await {
        return Ok(());
    }
    let mut subscriber = Subscriber::open(context, connection, subscription.clone()).await?;
    let mut tasks = JoinSet::new();
    let begin = |tasks: &mut JoinSet<Result<(), LostConnection>>, delivery: Delivery| {
        let (context, queue) = (Arc::clone(context), queue.to_owned());
        let (gateway, at_once) = (Arc::clone(gateway), Arc::clone(at_once));
        tasks.spawn(async move {
            envelope::handle(&context, &queue, &*gateway, &at_once, delivery).await
        });
    };
    loop {
        tokio::select! {
            biased;
            () = context.stop.cancelled() => break,
            Some(handled) = tasks.join_next() => settle(&mut subscriber, handled)?,
            () = context.orders.until(WorkerPool::Payments, true) => {
                for delivery in subscriber.cancel().await? {
                    begin(&mut tasks, delivery);
                }
                finish(&mut subscriber, &mut tasks).await?;
                if !context.may_work(WorkerPool::Payments, &[queue]).await {
                    break;
                }
                subscriber.subscribe(subscription.clone()).await?;
            }
            delivery = subscriber.next() => begin(&mut tasks, delivery?),
        }
    }
    finish(&mut subscriber, &mut tasks).await?;
    subscriber.close().await;
    Ok(())
}

async fn finish(
    subscriber: &mut Subscriber,
    tasks: &mut JoinSet<Result<(), LostConnection>>,
) -> Result<(), LostConnection> {
    while let Some(handled) = tasks.join_next().await {
        settle(subscriber, handled)?;
    }
    Ok(())
}

/// An envelope that could not be acked comes again, and is handled as the repeat that it is.
fn settle(
    subscriber: &mut Subscriber,
    handled: Result<Result<(), LostConnection>, JoinError>,
) -> Result<(), LostConnection> {
    handled
        .map_err(|error| LostConnection(error.to_string()))?
        .or_else(|error| subscriber.lost(&error))
}
