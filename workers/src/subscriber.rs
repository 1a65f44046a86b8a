//! A subscription that survives the failure of its queue: it is then opened again on a separate
//! connection, because an operation on a queue that does not answer closes its connection.

use std::sync::Arc;
use std::task::{self, Poll, ready};

use broker::{Connection, Consumer, Delivery, LostConnection, Subscription};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::context::Context;
use crate::failed_queues::within;

/// A subscription of a pool. It uses the pool's connection while the queue works. An error always
/// means that the pool's connection is lost; the loss of a single queue is handled here.
pub(crate) struct Subscriber {
    context: Arc<Context>,
    shared: Arc<Connection>,
    to: Subscription,
    state: SubscriptionState,
}

enum SubscriptionState {
    Open(OpenSubscription),
    /// Cancelled. Its channel stays open, so that earlier deliveries can still be acked.
    Left(OpenSubscription),
    /// A separate connection is tried until the queue answers.
    Opening(BoxFuture<'static, OpenSubscription>),
    Closed,
}

struct OpenSubscription {
    consumer: Consumer,
    /// The separate connection; none on the pool's connection.
    own: Option<Connection>,
}

impl Subscriber {
    /// Subscribes. If the queue does not answer, polling the subscription tries it again.
    pub(crate) async fn open(
        context: &Arc<Context>,
        shared: &Arc<Connection>,
        to: Subscription,
    ) -> Result<Self, LostConnection> {
        let context = Arc::clone(context);
        let shared = Arc::clone(shared);
        let mut subscriber = Self { context, shared, to, state: SubscriptionState::Closed };
        if subscriber.context.failed_queues.contains(&subscriber.to.queue) {
            subscriber.open_alone();
            return Ok(subscriber);
        }
        match within(Consumer::open(&subscriber.shared, &subscriber.to)).await {
            Ok(consumer) => {
                subscriber.state =
                    SubscriptionState::Open(OpenSubscription { consumer, own: None });
            }
            Err(error) => subscriber.unanswered(&error)?,
        }
        Ok(subscriber)
    }

    /// Waits for the next message.
    pub(crate) async fn next(&mut self) -> Result<Delivery, LostConnection> {
        std::future::poll_fn(|task| self.poll_next(task)).await
    }

    /// Like [`Self::next`], for a task that waits on several subscriptions.
    pub(crate) fn poll_next(
        &mut self,
        task: &mut task::Context<'_>,
    ) -> Poll<Result<Delivery, LostConnection>> {
        loop {
            match &mut self.state {
                SubscriptionState::Open(open) => match ready!(open.consumer.poll_next(task)) {
                    Ok(delivery) => return Poll::Ready(Ok(delivery)),
                    Err(error) => self.lost(&error)?,
                },
                SubscriptionState::Opening(opening) => {
                    self.state = SubscriptionState::Open(ready!(opening.poll_unpin(task)));
                }
                SubscriptionState::Left(_) | SubscriptionState::Closed => return Poll::Pending,
            }
        }
    }

    /// Returns a message only if one has arrived already.
    pub(crate) fn try_next(&mut self) -> Option<Result<Delivery, LostConnection>> {
        self.next().now_or_never()
    }

    /// Cancels the subscription. Returns the messages that had arrived before; finish and ack them.
    pub(crate) async fn cancel(&mut self) -> Result<Vec<Delivery>, LostConnection> {
        let SubscriptionState::Open(mut open) =
            std::mem::replace(&mut self.state, SubscriptionState::Closed)
        else {
            return Ok(Vec::new());
        };
        match within(open.consumer.cancel()).await {
            Ok(arrived) => {
                self.state = SubscriptionState::Left(open);
                Ok(arrived)
            }
            // The channel is closed, so the broker redelivers what had arrived on it. `unanswered`
            // must see the open state to know whose connection this is; it also begins to open the
            // subscription again, which the last assignment undoes.
            Err(error) => {
                self.state = SubscriptionState::Open(open);
                self.unanswered(&error)?;
                self.state = SubscriptionState::Closed;
                Ok(Vec::new())
            }
        }
    }

    /// Subscribes again after [`Self::cancel`]. The broker puts it behind the other consumers.
    pub(crate) async fn subscribe(&mut self, to: Subscription) -> Result<(), LostConnection> {
        self.to = to;
        match std::mem::replace(&mut self.state, SubscriptionState::Closed) {
            SubscriptionState::Left(mut open) => {
                let subscribed = within(open.consumer.subscribe(&self.to)).await;
                self.state = SubscriptionState::Open(open);
                subscribed.or_else(|error| self.unanswered(&error))
            }
            SubscriptionState::Open(open) => {
                self.state = SubscriptionState::Open(open);
                Ok(())
            }
            SubscriptionState::Opening(_) | SubscriptionState::Closed => {
                self.open_alone();
                Ok(())
            }
        }
    }

    /// Changes the subscription, and keeps the queue subscribed all the time. Returns the messages
    /// that had arrived on the old one; finish and ack them.
    pub(crate) async fn replace(
        &mut self,
        to: Subscription,
    ) -> Result<Vec<Delivery>, LostConnection> {
        self.to = to;
        match &mut self.state {
            SubscriptionState::Open(open) => match within(open.consumer.replace(&self.to)).await {
                Ok(arrived) => return Ok(arrived),
                Err(error) => self.unanswered(&error)?,
            },
            SubscriptionState::Opening(_) => self.open_alone(),
            SubscriptionState::Left(_) | SubscriptionState::Closed => {}
        }
        Ok(Vec::new())
    }

    /// Handles a subscription that failed, for example at an ack: opens it again on a separate
    /// connection. An error if the pool's connection itself is lost.
    pub(crate) fn lost(&mut self, error: &LostConnection) -> Result<(), LostConnection> {
        let alone = match &self.state {
            SubscriptionState::Open(open) | SubscriptionState::Left(open) => open.own.is_some(),
            SubscriptionState::Closed => false,
            SubscriptionState::Opening(_) => return Ok(()),
        };
        if !alone && !self.shared.is_open() {
            return Err(LostConnection(error.0.clone()));
        }
        tracing::warn!(queue = self.to.queue, %error, "this queue is lost, the others go on");
        self.mark_failed();
        self.open_alone();
        Ok(())
    }

    /// Handles a queue that did not answer in time, or during whose operation the connection was
    /// lost. It may be the cause of the loss, so it is marked as failed in both cases.
    fn unanswered(&mut self, error: &LostConnection) -> Result<(), LostConnection> {
        self.mark_failed();
        self.lost(error)
    }

    fn mark_failed(&self) {
        self.context.failed_queues.add(&self.to.queue);
    }

    /// Closes the separate connection, if there is one.
    pub(crate) async fn close(self) {
        if let SubscriptionState::Open(OpenSubscription { own: Some(own), .. })
        | SubscriptionState::Left(OpenSubscription { own: Some(own), .. }) = self.state
        {
            own.close().await;
        }
    }

    fn open_alone(&mut self) {
        let failed = self.context.failed_queues.clone();
        let to = self.to.clone();
        self.state = SubscriptionState::Opening(Box::pin(async move {
            failed.until_answered(&to.queue, |connection| alone(connection, &to)).await
        }));
    }
}

async fn alone(
    connection: Connection,
    to: &Subscription,
) -> Result<OpenSubscription, LostConnection> {
    let consumer = Consumer::open(&connection, to).await?;
    Ok(OpenSubscription { consumer, own: Some(connection) })
}
