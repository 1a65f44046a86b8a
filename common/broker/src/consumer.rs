//! Consumes a queue: deliveries one by one, acks up to one of them.

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
    /// The queue.
    pub queue: String,
    /// Messages that the broker sends ahead.
    pub prefetch: u16,
    /// From RabbitMQ 4.0 on, the highest priority is the active consumer of a queue that has a
    /// single one. 3.10 ignores it there.
    pub priority: i32,
}

/// A message from a queue.
#[derive(Debug)]
pub struct Delivery {
    /// Its bytes.
    pub body: Vec<u8>,
    /// The key that it was published with.
    pub routing_key: String,
    /// It was delivered before, perhaps to another worker.
    pub redelivered: bool,
    raw: Raw,
}

impl Delivery {
    /// Acks this message alone.
    pub async fn ack(&self) -> Result<(), LostConnection> {
        ack(self, false).await
    }

    /// Acks this message and all before it that came on the same subscription.
    pub async fn ack_through(&self) -> Result<(), LostConnection> {
        ack(self, true).await
    }
}

/// An open subscription on a channel of its own, so that an ack never reaches into another queue.
#[derive(Debug)]
pub struct Consumer {
    channel: Channel,
    stream: lapin::Consumer,
}

impl Consumer {
    /// Subscribes.
    pub async fn open(
        connection: &Connection,
        subscription: &Subscription,
    ) -> Result<Self, LostConnection> {
        let channel = connection.channel().await?;
        channel.basic_qos(subscription.prefetch, BasicQosOptions { global: false }).await?;
        let stream = subscribe(&channel, subscription).await?;
        Ok(Self { channel, stream })
    }

    /// The next message. An error when the subscription is over: the connection was lost, or the
    /// broker cancelled.
    pub async fn next(&mut self) -> Result<Delivery, LostConnection> {
        std::future::poll_fn(|task| self.poll_next(task)).await
    }

    /// The same for who waits on several subscriptions in one task.
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

    /// A message that has come already, if there is one.
    pub fn try_next(&mut self) -> Option<Result<Delivery, LostConnection>> {
        self.next().now_or_never()
    }

    /// Takes nothing more. What had come already is returned, to be finished and acked.
    pub async fn cancel(&mut self) -> Result<Vec<Delivery>, LostConnection> {
        self.channel.basic_cancel(self.stream.tag(), BasicCancelOptions::default()).await?;
        Ok(arrived(&mut self.stream))
    }

    /// Subscribes again after [`Self::cancel`]: at the end of the line of consumers.
    pub async fn subscribe(&mut self, to: &Subscription) -> Result<(), LostConnection> {
        self.stream = subscribe(&self.channel, to).await?;
        Ok(())
    }

    /// Changes the subscription without a moment in which nobody is subscribed. What had come
    /// already on the old one is returned, to be finished and acked.
    pub async fn replace(&mut self, to: &Subscription) -> Result<Vec<Delivery>, LostConnection> {
        let stream = subscribe(&self.channel, to).await?;
        let mut old = std::mem::replace(&mut self.stream, stream);
        self.channel.basic_cancel(old.tag(), BasicCancelOptions::default()).await?;
        Ok(arrived(&mut old))
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

/// The deliveries of a cancelled subscription: the broker sent them before it confirmed.
fn arrived(stream: &mut lapin::Consumer) -> Vec<Delivery> {
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
