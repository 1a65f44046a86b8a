//! A subscription that goes on: where its queue alone fails, it is opened again on a connection of
//! its own, because a queue that does not answer ends the connection on which it was asked.

use std::sync::Arc;
use std::task::{self, Poll, ready};

use broker::{Connection, Consumer, Delivery, LostConnection, Subscription};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::Context;
use crate::suspects::within;

/// A subscription of a pool, on the pool's connection while the queue is well. All errors say that
/// the pool's connection is lost; the loss of a single queue is not one.
pub(crate) struct Subscriber {
    context: Arc<Context>,
    shared: Arc<Connection>,
    to: Subscription,
    line: Line,
}

enum Line {
    Open(Seat),
    /// Subscribed no more; what had come can still be acked.
    Left(Seat),
    Opening(BoxFuture<'static, Seat>),
    Closed,
}

struct Seat {
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
        let (context, shared) = (Arc::clone(context), Arc::clone(shared));
        let mut subscriber = Self { context, shared, to, line: Line::Closed };
        if subscriber.context.suspects.contains(&subscriber.to.queue) {
            subscriber.open_alone();
            return Ok(subscriber);
        }
        match within(Consumer::open(&subscriber.shared, &subscriber.to)).await {
            Ok(consumer) => subscriber.line = Line::Open(Seat { consumer, own: None }),
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
            match &mut self.line {
                Line::Open(seat) => match ready!(seat.consumer.poll_next(task)) {
                    Ok(delivery) => return Poll::Ready(Ok(delivery)),
                    Err(error) => self.lost(&error)?,
                },
                Line::Opening(opening) => self.line = Line::Open(ready!(opening.poll_unpin(task))),
                Line::Left(_) | Line::Closed => return Poll::Pending,
            }
        }
    }

    /// A message that has come already, if there is one.
    pub(crate) fn try_next(&mut self) -> Option<Result<Delivery, LostConnection>> {
        self.next().now_or_never()
    }

    /// Takes nothing more. What had come already is returned, to be finished and acked.
    pub(crate) async fn cancel(&mut self) -> Result<Vec<Delivery>, LostConnection> {
        let Line::Open(mut seat) = std::mem::replace(&mut self.line, Line::Closed) else {
            return Ok(Vec::new());
        };
        match within(seat.consumer.cancel()).await {
            Ok(arrived) => {
                self.line = Line::Left(seat);
                Ok(arrived)
            }
            // What had come comes again to who subscribes next: this channel is closed.
            Err(error) => {
                self.line = Line::Open(seat);
                self.unanswered(&error)?;
                self.line = Line::Closed;
                Ok(Vec::new())
            }
        }
    }

    /// Subscribes again after [`Self::cancel`], at the end of the line of consumers.
    pub(crate) async fn subscribe(&mut self, to: Subscription) -> Result<(), LostConnection> {
        self.to = to;
        match std::mem::replace(&mut self.line, Line::Closed) {
            Line::Left(mut seat) => {
                let subscribed = within(seat.consumer.subscribe(&self.to)).await;
                self.line = Line::Open(seat);
                subscribed.or_else(|error| self.unanswered(&error))
            }
            Line::Open(seat) => {
                self.line = Line::Open(seat);
                Ok(())
            }
            Line::Opening(_) | Line::Closed => {
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
        match &mut self.line {
            Line::Open(seat) => match within(seat.consumer.replace(&self.to)).await {
                Ok(arrived) => return Ok(arrived),
                Err(error) => self.unanswered(&error)?,
            },
            Line::Opening(_) => self.open_alone(),
            Line::Left(_) | Line::Closed => {}
        }
        Ok(Vec::new())
    }

    /// The subscription is of no use any more, an ack failed on it, say: it is opened again on a
    /// connection of its own, unless what it hung on is lost for all.
    pub(crate) fn lost(&mut self, error: &LostConnection) -> Result<(), LostConnection> {
        let alone = match &self.line {
            Line::Open(seat) | Line::Left(seat) => seat.own.is_some(),
            Line::Closed => false,
            Line::Opening(_) => return Ok(()),
        };
        if !alone && !self.shared.is_open() {
            return Err(LostConnection(error.0.clone()));
        }
        tracing::warn!(queue = self.to.queue, %error, "this queue is lost, the others go on");
        self.suspect();
        self.open_alone();
        Ok(())
    }

    /// The queue did not answer, or the connection ended meanwhile, perhaps because of it.
    fn unanswered(&mut self, error: &LostConnection) -> Result<(), LostConnection> {
        self.suspect();
        self.lost(error)
    }

    fn suspect(&self) {
        self.context.suspects.add(&self.to.queue);
    }

    /// Closes a connection of its own in good order.
    pub(crate) async fn close(self) {
        if let Line::Open(Seat { own: Some(own), .. }) | Line::Left(Seat { own: Some(own), .. }) =
            self.line
        {
            own.close().await;
        }
    }

    fn open_alone(&mut self) {
        let (suspects, to) = (self.context.suspects.clone(), self.to.clone());
        self.line = Line::Opening(Box::pin(async move {
            suspects.until_answered(&to.queue, |connection| alone(connection, &to)).await
        }));
    }
}

async fn alone(connection: Connection, to: &Subscription) -> Result<Seat, LostConnection> {
    let consumer = Consumer::open(&connection, to).await?;
    Ok(Seat { consumer, own: Some(connection) })
}
