//! Consumes a queue: delivers messages one by one; one ack can cover all messages up to it.

use std::task::{self, Poll};

use futures::{FutureExt, StreamExt};
use lapin::Channel;
use lapin::message::Delivery as Raw;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};

use super::connection::{Connection, LostConnection};

/// What to consume, and how.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The name of the queue.
    pub queue: String,
    /// How many messages the broker delivers before the first of them is acked.
    pub prefetch: u16,
    /// The `x-priority` of the consumer. RabbitMQ 4.0 and later make the consumer with the highest
    /// priority the active one of a queue with a single active consumer; 3.10 ignores it there.
    pub priority: i32,
}

/// A message from a queue, not yet acked.
#[derive(Debug)]
pub struct Delivery {
    /// The bytes, not yet decoded.
    pub body: Vec<u8>,
    /// The key that the message was published with.
    pub routing_key: String,
    /// Whether it was delivered before, perhaps to another worker.
    pub redelivered: bool,
    raw: Raw,
}

impl Delivery {
    /// Acks this message alone.
    pub async fn ack(&self) -> Result<(), LostConnection> {
        ack(self, false).await
    }

    /// Acks this message and all earlier ones of the same subscription.
    pub async fn ack_through(&self) -> Result<(), LostConnection> {
        ack(self, true).await
    }
}

/// An open subscription. It has its own channel, so that an ack of many messages never covers
/// messages of another queue.
#[derive(Debug)]
pub struct Consumer {
    channel: Channel,
    stream: lapin::Consumer,
}

impl Consumer {
    /// Opens a channel and subscribes on it.
    pub async fn open(
        connection: &Connection,
        subscription: &Subscription,
    ) -> Result<Self, LostConnection> {
        let channel = connection.channel().await?;
        channel.basic_qos(subscription.prefetch, BasicQosOptions { global: false }).await?;
        let stream = subscribe(&channel, subscription).await?;
        Ok(Self { channel, stream })
    }

    /// Waits for the next message. An error means that the subscription has ended: the connection
    /// was lost, or the broker cancelled it.
    pub async fn next(&mut self) -> Result<Delivery, LostConnection> {
        std::future::poll_fn(|task| self.poll_next(task)).await
    }

    /// Like [`Self::next`], for a task that waits on several subscriptions.
    pub fn poll_next(
        &mut self,
        task: &mut task::Context<'_>,
    ) -> Poll<Result<Delivery, LostConnection>> {
        self.stream.poll_next_unpin(task).map(|next| match next {
            Some(Ok(raw)) => Ok(delivery(raw)),
            Some(Err(error)) => Err(error.into()),
            None => Err(LostConnection("the subscription was ended by the broker".to_owned())),
        })
    }

    /// Returns a message only if one has arrived already.
    pub fn try_next(&mut self) -> Option<Result<Delivery, LostConnection>> {
        self.next().now_or_never()
    }

    /// Cancels the subscription. Returns the messages that had arrived before; finish and ack them.
    pub async fn cancel(&mut self) -> Result<Vec<Delivery>, LostConnection> {
        self.channel.basic_cancel(self.stream.tag(), BasicCancelOptions::default()).await?;
        Ok(take_arrived(&mut self.stream))
    }

    /// Subscribes again after [`Self::cancel`]. The broker puts it behind the other consumers.
    pub async fn subscribe(&mut self, to: &Subscription) -> Result<(), LostConnection> {
        self.stream = subscribe(&self.channel, to).await?;
        Ok(())
    }

    /// Changes the subscription. The new one starts before the old one is cancelled, so the queue
    /// always has a consumer. Returns the messages that had arrived on the old one; finish and ack
    /// them.
    pub async fn replace(&mut self, to: &Subscription) -> Result<Vec<Delivery>, LostConnection> {
        let stream = subscribe(&self.channel, to).await?;
        let mut old = std::mem::replace(&mut self.stream, stream);
        self.channel.basic_cancel(old.tag(), BasicCancelOptions::default()).await?;
        Ok(take_arrived(&mut old))
    }
}

async fn subscribe(
    channel: &Channel,
    to: &Subscription,
) -> Result<lapin::Consumer, LostConnection> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-priority".into(), AMQPValue::LongInt(to.priority));
    let options = BasicConsumeOptions::default();
    Ok(channel.basic_consume(to.queue.as_str().into(), "".into(), options, arguments).await?)
}

/// The rest of a cancelled subscription: what the broker sent before it confirmed the cancel.
fn take_arrived(stream: &mut lapin::Consumer) -> Vec<Delivery> {
    let mut arrived = Vec::new();
    while let Some(Some(Ok(raw))) = stream.next().now_or_never() {
        arrived.push(delivery(raw));
    }
    arrived
}

fn delivery(raw: Raw) -> Delivery {
    let mut raw = raw;
    Delivery {
        body: std::mem::take(&mut raw.data),
        routing_key: raw.routing_key.to_string(),
        redelivered: raw.redelivered,
        raw,
    }
}

async fn ack(delivery: &Delivery, multiple: bool) -> Result<(), LostConnection> {
    if delivery.raw.acker.ack(BasicAckOptions { multiple }).await? {
        Ok(())
    } else {
        Err(LostConnection("the channel of this delivery is gone".to_owned()))
    }
}
