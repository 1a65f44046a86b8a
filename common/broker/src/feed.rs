//! A feed of messages that may be lost. Its queue is exclusive to the connection and is deleted
//! with it.

use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};

use super::connection::{Connection, LostConnection};

/// How many messages may wait for a slow reader. Above that, the oldest are dropped.
const LENGTH_MAX: i64 = 20_000;

/// The messages of an exchange from now on, until the connection is lost.
#[derive(Debug)]
pub struct Feed {
    stream: lapin::Consumer,
}

impl Feed {
    /// Subscribes to all messages of an exchange.
    pub async fn open(connection: &Connection, exchange: &str) -> Result<Self, LostConnection> {
        Self::open_at(connection, exchange, "#").await
    }

    /// Subscribes to the messages with one routing key. The name of the queue is random, because
    /// the queue of a lost connection may still exist for a while.
    pub async fn open_at(
        connection: &Connection,
        exchange: &str,
        key: &str,
    ) -> Result<Self, LostConnection> {
        let channel = connection.channel().await?;
        let name = format!("{exchange}.{}", uuid::Uuid::from_u128(rand::random()).simple());
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(LENGTH_MAX));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("drop-head".into()));
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        channel.queue_declare(name.as_str().into(), options, arguments).await?;
        let bind = QueueBindOptions::default();
        let none = FieldTable::default();
        channel.queue_bind(name.as_str().into(), exchange.into(), key.into(), bind, none).await?;
        let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() };
        let queue = name.as_str().into();
        let none = FieldTable::default();
        let stream = channel.basic_consume(queue, "".into(), options, none).await?;
        Ok(Self { stream })
    }

    /// Waits for the next message, and returns its bytes.
    pub async fn next(&mut self) -> Result<Vec<u8>, LostConnection> {
        match self.stream.next().await {
            Some(Ok(delivery)) => Ok(delivery.data),
            Some(Err(error)) => Err(error.into()),
            None => Err(LostConnection("the feed was ended by the broker".to_owned())),
        }
    }
}
