//! One partition: the subscription to its queue, and whose turn it is there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use broker::topology::Topology;
use broker::{Connection, Delivery, LostConnection, Subscription};

use crate::context::Context;
use crate::fleet::ownership::View;
use crate::metrics;
use crate::subscriber::Subscriber;

/// The broker gives a partition to its owner first, from RabbitMQ 4.0 on.
const OWNERS_PRIORITY: i32 = 10;

/// A partition as this worker consumes it.
pub(super) struct Partition {
    /// Its number.
    number: u16,
    /// The name of its queue.
    pub(super) queue: String,
    prefetch: u16,
    subscriber: Subscriber,
    /// Deliveries that have come and are not begun, in order.
    arrived: VecDeque<Delivery>,
    /// Subscribed no more: it may be subscribed again once `arrived` is handled.
    is_left: bool,
    is_owner: bool,
    /// Since when another worker's deliveries have come here.
    foreign_since: Option<Instant>,
}

impl Partition {
    /// Subscribes to the queue of a partition.
    pub(super) async fn open(
        context: &Arc<Context>,
        connection: &Arc<Connection>,
        number: u16,
        view: &View,
    ) -> Result<Self, LostConnection> {
        let (queue, prefetch) =
            (Topology::request_queue(number), context.settings.workers.prefetch);
        let is_owner = view.owns(number);
        let to = subscription(&queue, prefetch, is_owner);
        let subscriber = Subscriber::open(context, connection, to).await?;
        Ok(Self {
            number,
            queue,
            prefetch,
            subscriber,
            arrived: VecDeque::new(),
            is_left: false,
            is_owner,
            foreign_since: None,
        })
    }

    /// Whether there is something to take; otherwise the task is woken when there is.
    pub(super) fn poll_arrival(
        &mut self,
        task: &mut task::Context<'_>,
    ) -> Poll<Result<(), LostConnection>> {
        if !self.arrived.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if self.is_left {
            return Poll::Pending;
        }
        self.subscriber.poll_next(task).map_ok(|delivery| self.arrived.push_back(delivery))
    }

    /// The next delivery, if one has come.
    pub(super) fn take(&mut self) -> Result<Option<Delivery>, LostConnection> {
        match self.arrived.pop_front() {
            Some(delivery) => Ok(Some(delivery)),
            None if self.is_left => Ok(None),
            None => self.subscriber.try_next().transpose(),
        }
    }

    /// Takes another priority when the partition has come here or gone.
    pub(super) async fn take_view(&mut self, view: &View) -> Result<(), LostConnection> {
        let is_owner = view.owns(self.number);
        if is_owner != self.is_owner {
            self.is_owner = is_owner;
            if !self.is_left {
                let to = subscription(&self.queue, self.prefetch, is_owner);
                self.arrived.extend(self.subscriber.replace(to).await?);
            }
        }
        Ok(())
    }

    /// RabbitMQ 3.10 ignores priorities here: a worker that is active where another is the owner
    /// goes to the end of the line, until the owner's turn has come. To be called when deliveries of
    /// this partition were handled: it subscribes again only once nothing is left in hand.
    pub(super) async fn stand_back(&mut self, patience: Duration) -> Result<(), LostConnection> {
        if self.is_left || self.is_owner {
            self.foreign_since = None;
            return self.join_again().await;
        }
        let since = *self.foreign_since.get_or_insert_with(Instant::now);
        if since.elapsed() < patience {
            return Ok(());
        }
        metrics::yielded();
        tracing::info!(queue = self.queue, "standing back for the owner");
        self.leave().await?;
        self.foreign_since = None;
        self.join_again().await
    }

    /// Acks a delivery and all before it. Where that fails they come again, perhaps to another worker.
    pub(super) async fn ack_through(&mut self, last: &Delivery) -> Result<(), LostConnection> {
        match last.ack_through().await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.arrived.clear();
                self.subscriber.lost(&error)
            }
        }
    }

    /// To be called when nothing is left to ack.
    pub(super) async fn close(self) {
        self.subscriber.close().await;
    }

    /// Takes nothing more. What has come already stays to be taken.
    pub(super) async fn leave(&mut self) -> Result<(), LostConnection> {
        if !self.is_left {
            self.is_left = true;
            self.arrived.extend(self.subscriber.cancel().await?);
        }
        Ok(())
    }

    /// Subscribes again, at the end of the line, once nothing is left in hand.
    pub(super) async fn join_again(&mut self) -> Result<(), LostConnection> {
        if self.is_left && self.arrived.is_empty() {
            let to = subscription(&self.queue, self.prefetch, self.is_owner);
            self.subscriber.subscribe(to).await?;
            self.is_left = false;
        }
        Ok(())
    }
}

fn subscription(queue: &str, prefetch: u16, is_owner: bool) -> Subscription {
    let priority = if is_owner { OWNERS_PRIORITY } else { 0 };
    Subscription { queue: queue.to_owned(), prefetch, priority }
}
