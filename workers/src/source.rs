//! A queue of a pool: its subscription, the deliveries that wait, and whether this worker owns it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use broker::{Connection, Delivery, LostConnection, Subscription};

use crate::context::Context;
use crate::fleet::ownership::View;
use crate::metrics;
use crate::subscriber::Subscriber;

/// The owner's consumer priority. RabbitMQ 4.0 and later make the consumer with the highest
/// priority the active one.
const OWNERS_PRIORITY: i32 = 10;

/// A queue that this worker has subscribed to.
pub(crate) struct Source {
    /// The number of the partition.
    number: u16,
    pub(crate) queue: String,
    prefetch: u16,
    subscriber: Subscriber,
    /// Deliveries that are not in a batch yet, in order.
    arrived: VecDeque<Delivery>,
    /// The subscription was cancelled. It may begin again once `arrived` is empty.
    is_left: bool,
    ownership: Ownership,
    /// Since when this worker has handled deliveries of a queue that another worker owns.
    foreign_since: Option<Instant>,
}

/// Who should consume a queue. Queues that are not partitions of requests have no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ownership {
    Everybody,
    Own,
    Foreign,
}

impl Ownership {
    fn of(view: &View, number: u16) -> Self {
        if view.owns(number) { Self::Own } else { Self::Foreign }
    }

    fn priority(self) -> i32 {
        if self == Self::Own { OWNERS_PRIORITY } else { 0 }
    }
}

impl Source {
    /// Subscribes to a queue. A queue has an owner only if a view is given.
    pub(crate) async fn open(
        context: &Arc<Context>,
        connection: &Arc<Connection>,
        number: u16,
        queue: &str,
        view: Option<&View>,
    ) -> Result<Self, LostConnection> {
        let prefetch = context.settings.workers.prefetch;
        let ownership = view.map_or(Ownership::Everybody, |view| Ownership::of(view, number));
        let to = Subscription { queue: queue.to_owned(), prefetch, priority: ownership.priority() };
        let subscriber = Subscriber::open(context, connection, to).await?;
        Ok(Self {
            number,
            queue: queue.to_owned(),
            prefetch,
            subscriber,
            arrived: VecDeque::new(),
            is_left: false,
            ownership,
            foreign_since: None,
        })
    }

    /// Ready if there is a delivery to take. Otherwise the task is woken when one arrives.
    pub(crate) fn poll_arrival(
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

    /// Takes the next delivery, if one has arrived.
    pub(crate) fn take(&mut self) -> Result<Option<Delivery>, LostConnection> {
        match self.arrived.pop_front() {
            Some(delivery) => Ok(Some(delivery)),
            None if self.is_left => Ok(None),
            None => self.subscriber.try_next().transpose(),
        }
    }

    /// Subscribes with another priority when this worker becomes the owner, or no longer is.
    pub(crate) async fn take_view(&mut self, view: &View) -> Result<(), LostConnection> {
        let ownership = Ownership::of(view, self.number);
        if ownership != self.ownership {
            self.ownership = ownership;
            if !self.is_left {
                let to = self.subscription();
                self.arrived.extend(self.subscriber.replace(to).await?);
            }
        }
        Ok(())
    }

    /// Cancels the subscription and subscribes again if another worker owns this queue. The broker
    /// puts a new consumer behind the others, so the owner becomes active sooner or later. RabbitMQ
    /// 3.10 needs this, because it ignores priorities with a single active consumer.
    ///
    /// Call it after deliveries of this queue were acked: it subscribes again only when nothing is
    /// left in hand.
    pub(crate) async fn yield_to_owner(
        &mut self,
        patience: Duration,
    ) -> Result<(), LostConnection> {
        if self.is_left || self.ownership != Ownership::Foreign {
            self.foreign_since = None;
            return self.join_again().await;
        }
        let since = *self.foreign_since.get_or_insert_with(Instant::now);
        if since.elapsed() < patience {
            return Ok(());
        }
        metrics::yielded();
        tracing::info!(queue = self.queue, "yielding to the owner");
        self.leave().await?;
        self.foreign_since = None;
        self.join_again().await
    }

    /// If an ack failed, the broker redelivers the unacked deliveries, perhaps to another worker.
    /// So those that wait here are dropped, and the queue is subscribed to again.
    pub(crate) fn settle_ack(
        &mut self,
        acked: Result<(), LostConnection>,
    ) -> Result<(), LostConnection> {
        let Err(error) = acked else { return Ok(()) };
        self.arrived.clear();
        self.subscriber.lost(&error)
    }

    /// Call it when nothing is left to ack.
    pub(crate) async fn close(self) {
        self.subscriber.close().await;
    }

    /// Cancels the subscription. Deliveries that have arrived already can still be taken.
    pub(crate) async fn leave(&mut self) -> Result<(), LostConnection> {
        if !self.is_left {
            self.is_left = true;
            self.arrived.extend(self.subscriber.cancel().await?);
        }
        Ok(())
    }

    /// Subscribes again, behind the other consumers, if all deliveries have been taken.
    pub(crate) async fn join_again(&mut self) -> Result<(), LostConnection> {
        if self.is_left && self.arrived.is_empty() {
            let to = self.subscription();
            self.subscriber.subscribe(to).await?;
            self.is_left = false;
        }
        Ok(())
    }

    fn subscription(&self) -> Subscription {
        let priority = self.ownership.priority();
        Subscription { queue: self.queue.clone(), prefetch: self.prefetch, priority }
    }
}
