//! A subscription that goes on: where its queue alone fails, it is opened again on a connection of
//! its own, because a queue that does not answer ends the connection on which it was asked.

use std::sync::Arc;
use std::task::{self, Poll, ready};

use broker::{Connection, Consumer, Delivery, LostConnection, Subscription};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::context::Context;
use crate::failed_queues::within;

/// A subscription of a pool, on the pool's connection while the queue is well. All errors say that
/// the pool's connection is lost; the loss of a single queue is not one.
pub(crate) struct Subscriber {
    context: Arc<Context>,
    shared: Arc<Connection>,
    to: Subscription,
    state: SubscriptionState,
}

enum SubscriptionState {
    Open(OpenSubscription),
    /// Subscribed no more; what had come can still be acked.
    Left(OpenSubscription),
    Opening(BoxFuture<'static, OpenSubscription>),
    Closed,
}

struct OpenSubscription {
    consumer: Consumer,
    /// Where it is not the pool's connection.
    own: Option<Connection>,
}

impl Subscriber {
    /// Subscribes. A queue that does not answer is asked again in the background.
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

    /// The next message.
    pub(crate) async fn next(&mut self) -> Result<Delivery, LostConnection> {
        std::future::poll_fn(|task| self.poll_next(task)).await
    }

    /// The same for who waits on several subscriptions in one task.
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

    /// A message that has come already, if there is one.
    pub(crate) fn try_next(&mut self) -> Option<Result<Delivery, LostConnection>> {
        self.next().now_or_never()
    }

    /// Takes nothing more. What had come already is returned, to be finished and acked.
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
            // What had come comes again to who subscribes next: this channel is closed.
            Err(error) => {
                self.state = SubscriptionState::Open(open);
                self.unanswered(&error)?;
                self.state = SubscriptionState::Closed;
                Ok(Vec::new())
            }
        }
    }

    /// Subscribes again after [`Self::cancel`], at the end of the line of consumers.
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

    /// Changes the subscription without a moment in which nobody is subscribed. What had come
    /// already on the old one is returned, to be finished and acked.
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

    /// The subscription is of no use any more, an ack failed on it, say: it is opened again on a
    /// connection of its own, unless what it hung on is lost for all.
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

    /// The queue did not answer, or the connection ended meanwhile, perhaps because of it.
    fn unanswered(&mut self, error: &LostConnection) -> Result<(), LostConnection> {
        self.mark_failed();
        self.lost(error)
    }

    fn mark_failed(&self) {
        self.context.failed_queues.add(&self.to.queue);
    }

    /// Closes a connection of its own in good order.
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
