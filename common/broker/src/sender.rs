//! One channel that publishes, and reports for each message whether the broker has it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation};

use super::connection::{Connection, LostConnection};
use super::publication::{Publication, PublishError};

/// A channel in confirm mode.
#[derive(Debug)]
pub struct Sender {
    channel: Channel,
    timeout: Duration,
    opened: Instant,
    /// When the last confirm arrived, in microseconds since `opened`.
    last_confirm_us: AtomicU64,
}

impl Sender {
    /// Opens the channel. A confirm that takes longer than `timeout` counts as unknown.
    pub async fn open(connection: &Connection, timeout: Duration) -> Result<Self, LostConnection> {
        let channel = connection.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { channel, timeout, opened: Instant::now(), last_confirm_us: AtomicU64::new(0) })
    }

    /// Whether the channel is usable, as far as the client library knows.
    pub(super) fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    /// Whether a confirm arrived after this moment. If so, the channel works, and a confirm that is
    /// missing is the fault of its queue.
    pub(super) fn has_confirmed_since(&self, moment: Instant) -> bool {
        let last = Duration::from_micros(self.last_confirm_us.load(Ordering::Relaxed));
        self.opened + last > moment
    }

    fn note_confirm(&self) {
        let now = self.opened.elapsed().as_micros() as u64;
        self.last_confirm_us.store(now, Ordering::Relaxed);
    }

    /// Publishes a message and waits for the publisher confirm.
    pub async fn send(&self, message: &Publication) -> Result<(), PublishError> {
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
            // The message was sent. If the channel is lost now, the broker may have it or not.
            let confirmation = confirm.await.map_err(|_| PublishError::Unknown)?;
            self.note_confirm();
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

fn properties(message: &Publication) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in &message.headers {
        headers.insert((*name).into(), AMQPValue::LongString(value.as_str().into()));
    }
    BasicProperties::default()
        .with_delivery_mode(if message.durable { 2 } else { 1 })
        .with_content_type("application/json".into())
        .with_headers(headers)
}
