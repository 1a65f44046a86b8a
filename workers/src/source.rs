//! A queue as a pool consumes it: the subscription, what has come, and whose turn it is there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use broker::{Connection, Delivery, LostConnection, Subscription};

use crate::context::Context;
use crate::fleet::ownership::View;
use crate::metrics;
use crate::subscriber::Subscriber;

/// The broker gives a partition to its owner first, from RabbitMQ 4.0 on.
const OWNERS_PRIORITY: i32 = 10;

/// A queue that this worker has subscribed to.
pub(crate) struct Source {
    /// The number of its partition.
    number: u16,
    /// Its name.
    pub(crate) queue: String,
    prefetch: u16,
    subscriber: Subscriber,
    /// Deliveries that have come and are not begun, in order.
    arrived: VecDeque<Delivery>,
    /// Subscribed no more: it may be subscribed again once `arrived` is handled.
    is_left: bool,
    /// Whose queue it is. A queue without owners is everybody's.
    ownership: Ownership,
    /// Since when another worker's deliveries have come here.
    foreign_since: Option<Instant>,
}

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
    /// Subscribes to a queue. Where there is a view, it has owners.
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

    /// Whether there is something to take; otherwise the task is woken when there is.
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

    /// The next delivery, if one has come.
    pub(crate) fn take(&mut self) -> Result<Option<Delivery>, LostConnection> {
        match self.arrived.pop_front() {
            Some(delivery) => Ok(Some(delivery)),
            None if self.is_left => Ok(None),
            None => self.subscriber.try_next().transpose(),
        }
    }

    /// Takes another priority when the partition has come here or gone.
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

    /// RabbitMQ 3.10 ignores priorities here: a worker that is active where another is the owner
    /// goes to the end of the line, until the owner's turn has come. To be called when deliveries
    /// of this queue were handled: it subscribes again only once nothing is left in hand.
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

    /// Where an ack failed, the deliveries come again, perhaps to another worker.
    pub(crate) fn settle_ack(
        &mut self,
        acked: Result<(), LostConnection>,
    ) -> Result<(), LostConnection> {
        let Err(error) = acked else { return Ok(()) };
        self.arrived.clear();
        self.subscriber.lost(&error)
    }

    /// To be called when nothing is left to ack.
    pub(crate) async fn close(self) {
        self.subscriber.close().await;
    }

    /// Takes nothing more. What has come already stays to be taken.
    pub(crate) async fn leave(&mut self) -> Result<(), LostConnection> {
        if !self.is_left {
            self.is_left = true;
            self.arrived.extend(self.subscriber.cancel().await?);
        }
        Ok(())
    }

    /// Subscribes again, at the end of the line, once nothing is left in hand.
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
