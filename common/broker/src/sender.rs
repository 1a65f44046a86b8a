//! One channel that publishes, and says of each message whether the broker has it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation};

use super::connection::{Connection, LostConnection};
use super::publisher::{Message, PublishError};

/// A channel in confirm mode.
#[derive(Debug)]
pub struct Sender {
    channel: Channel,
    timeout: Duration,
    opened: Instant,
    /// When the broker's last word came, in microseconds since `opened`.
    heard_us: AtomicU64,
}

impl Sender {
    /// Opens the channel. A confirm that takes longer than `timeout` is not waited for.
    pub async fn open(connection: &Connection, timeout: Duration) -> Result<Self, LostConnection> {
        let channel = connection.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { channel, timeout, opened: Instant::now(), heard_us: AtomicU64::new(0) })
    }

    /// The channel works, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    /// The broker has said something of a message since then: where one lacks its confirm, that is
    /// the fault of its queue and not of the channel.
    pub(super) fn has_heard_since(&self, moment: Instant) -> bool {
        let heard = Duration::from_micros(self.heard_us.load(Ordering::Relaxed));
        self.opened + heard > moment
    }

    fn heard(&self) {
        let now = self.opened.elapsed().as_micros() as u64;
        self.heard_us.store(now, Ordering::Relaxed);
    }

    /// Publishes a message and waits for the broker's word on it.
    pub async fn send(&self, message: &Message) -> Result<(), PublishError> {
        let away = |error: lapin::Error| PublishError::Away(error.to_string());
        let publish = async {
            let confirm = self
                .channel
                .basic_publish(
                    message.exchange.into(),
                    message.routing_key.as_str().into(),
                    BasicPublishOptions { mandatory: message.durable, immediate: false },
                    &message.body,
                    properties(message),
                )
                .await
                .map_err(away)?;
            // Once it was sent, a lost channel leaves open whether it arrived.
            let confirmation = confirm.await.map_err(|_| PublishError::Unknown)?;
            self.heard();
            Ok(confirmation)
        };
        match tokio::time::timeout(self.timeout, publish).await {
            Err(_) => Err(PublishError::Unknown),
            Ok(Err(error)) => Err(error),
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            Ok(Ok(Confirmation::Ack(Some(_)))) => {
                Err(PublishError::Unroutable(message.routing_key.clone()))
            }
            Ok(Ok(Confirmation::Nack(_))) => Err(PublishError::Full),
            Ok(Ok(Confirmation::NotRequested)) => {
                unreachable!("the channel is in confirm mode from its first moment")
            }
        }
    }
}

fn properties(message: &Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in &message.headers {
        headers.insert((*name).into(), AMQPValue::LongString(value.as_str().into()));
    }
    BasicProperties::default()
        .with_delivery_mode(if message.durable { 2 } else { 1 })
        .with_content_type("application/json".into())
        .with_headers(headers)
}
