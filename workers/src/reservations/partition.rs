//! One partition: a subscription, and batch after batch.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use common::broker::{Connection, Consumer, Delivery, LostConnection, Subscription};
use common::failpoint;
use common::topology::Topology;
use tokio::sync::watch;

use super::apply::apply;
use super::batch::Batch;
use crate::Context;
use crate::partitions::View;
use crate::transact::Stopped;

/// The broker gives a partition to its owner first, from RabbitMQ 4.0 on.
const OWNERS_PRIORITY: i32 = 10;

struct Partition<'a> {
    context: &'a Context,
    number: u16,
    queue: String,
    consumer: Consumer,
    /// Deliveries of a subscription that was left, to be handled first.
    left: VecDeque<Delivery>,
    view: watch::Receiver<View>,
    owner: bool,
    /// Since when another worker's deliveries have come here.
    foreign_since: Option<Instant>,
}

/// Consumes one partition until the process stops.
pub(super) async fn run(
    context: &Context,
    connection: &Connection,
    number: u16,
    mut view: watch::Receiver<View>,
) -> Result<(), LostConnection> {
    let owner = view.borrow_and_update().owns(number);
    let queue = Topology::request_queue(number);
    let consumer = Consumer::open(connection, &subscription(context, &queue, owner)).await?;
    let left = VecDeque::new();
    let foreign_since = None;
    let mut partition =
        Partition { context, number, queue, consumer, left, view, owner, foreign_since };
    partition.run().await
}

fn subscription(context: &Context, queue: &str, owner: bool) -> Subscription {
    let priority = if owner { OWNERS_PRIORITY } else { 0 };
    Subscription { queue: queue.to_owned(), prefetch: context.settings.workers.prefetch, priority }
}

impl Partition<'_> {
    async fn run(&mut self) -> Result<(), LostConnection> {
        loop {
            let first = tokio::select! {
                biased;
                () = self.context.stop.cancelled() => break,
                Ok(()) = self.view.changed() => {
                    self.take_view().await?;
                    continue;
                }
                first = next(&mut self.left, &mut self.consumer) => first?,
            };
            if let Err(Stopped) = self.handle(first).await? {
                return Ok(());
            }
            self.stand_back().await?;
        }
        // What has come already is in hand: it is finished, not given back.
        self.left.extend(self.consumer.cancel().await?);
        while let Some(first) = self.left.pop_front() {
            if let Err(Stopped) = self.handle(first).await? {
                break;
            }
        }
        Ok(())
    }

    /// One batch: decide and commit, tell, ack.
    async fn handle(&mut self, first: Delivery) -> Result<Result<(), Stopped>, LostConnection> {
        let mut batch = Batch::new(first);
        while batch.requests() < self.context.settings.workers.batch_requests_max {
            match self.left.pop_front().map(Ok).or_else(|| self.consumer.try_next()) {
                Some(delivery) => batch.add(delivery?),
                None => break,
            }
        }
        let Ok(telling) = apply(self.context, &self.queue, &batch).await else {
            return Ok(Err(Stopped));
        };
        failpoint::reach("reservations.committed").await;
        if telling.send(self.context, &self.queue).await.is_err() {
            return Ok(Err(Stopped));
        }
        failpoint::reach("reservations.told").await;
        self.consumer.ack_through(batch.last()).await?;
        Ok(Ok(()))
    }

    /// Takes another priority when the partition has come here or gone.
    async fn take_view(&mut self) -> Result<(), LostConnection> {
        let owner = self.view.borrow_and_update().owns(self.number);
        if owner != self.owner {
            self.owner = owner;
            let to = subscription(self.context, &self.queue, owner);
            self.left.extend(self.consumer.replace(&to).await?);
        }
        Ok(())
    }

    /// RabbitMQ 3.10 ignores priorities here: a worker that is active where another is the owner
    /// goes to the end of the line, until the owner's turn has come.
    async fn stand_back(&mut self) -> Result<(), LostConnection> {
        if self.owner {
            self.foreign_since = None;
            return Ok(());
        }
        let patience = Duration::from_millis(self.context.settings.workers.yield_after_ms);
        let since = *self.foreign_since.get_or_insert_with(Instant::now);
        if since.elapsed() < patience {
            return Ok(());
        }
        tracing::info!(queue = self.queue, "standing back for the owner");
        let left = self.consumer.cancel().await?;
        self.left.extend(left);
        while let Some(first) = self.left.pop_front() {
            if self.handle(first).await?.is_err() {
                return Ok(());
            }
        }
        self.foreign_since = None;
        self.consumer.subscribe(&subscription(self.context, &self.queue, false)).await
    }
}

async fn next(
    left: &mut VecDeque<Delivery>,
    consumer: &mut Consumer,
) -> Result<Delivery, LostConnection> {
    match left.pop_front() {
        Some(delivery) => Ok(delivery),
        None => consumer.next().await,
    }
}
