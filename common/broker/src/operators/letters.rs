//! Takes dead letters for operators to look at. A letter that is not removed returns to its place
//! in the queue when the channel closes, even if the process is killed.

use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions};
use lapin::types::{AMQPValue, FieldTable};

use xxhash_rust::xxh3::xxh3_64;

use crate::connection::{Connection, LostConnection};
use crate::declare::close;
use crate::topology::DEAD_LETTERS;

/// A dead letter, taken from the queue and not acked.
#[derive(Debug)]
pub struct Letter {
    /// The bytes, as they were published.
    pub body: Vec<u8>,
    /// The queue that it came from, if known.
    pub queue: Option<String>,
    /// Why it was dead-lettered: a worker's message, or the broker's.
    pub reason: String,
    /// When the broker dead-lettered it, in seconds since 1970; none if a worker did.
    pub died_at: Option<u64>,
    tag: u64,
}

impl Letter {
    /// A hash of the bytes: it stays the same for as long as the letter lies in the queue.
    pub fn id(&self) -> String {
        format!("{:016x}", xxh3_64(&self.body))
    }
}

/// The queue of dead letters, opened for reading.
#[derive(Debug)]
pub struct Letters {
    channel: Channel,
    last: Option<u64>,
}

impl Letters {
    /// Opens a channel. Takes no letter yet.
    pub async fn open(connection: &Connection) -> Result<Self, LostConnection> {
        Ok(Self { channel: connection.channel().await?, last: None })
    }

    /// Takes the next letter, oldest first; none at the end.
    pub async fn take(&mut self) -> Result<Option<Letter>, LostConnection> {
        let options = BasicGetOptions { no_ack: false };
        let Some(got) = self.channel.basic_get(DEAD_LETTERS.into(), options).await? else {
            return Ok(None);
        };
        let mut raw = got.delivery;
        self.last = Some(raw.delivery_tag);
        let headers = raw.properties.headers().clone().unwrap_or_default();
        let death = first_death(&headers);
        Ok(Some(Letter {
            body: std::mem::take(&mut raw.data),
            queue: text(&headers, "x-boxoffice-queue")
                .or_else(|| death.and_then(|death| text(death, "queue"))),
            reason: text(&headers, "x-boxoffice-reason")
                .or_else(|| Some(format!("by the broker: {}", text(death?, "reason")?)))
                .unwrap_or_else(|| "not known".to_owned()),
            died_at: death.and_then(|death| match death.inner().get("time") {
                Some(AMQPValue::Timestamp(seconds)) => Some(*seconds),
                _ => None,
            }),
            tag: raw.delivery_tag,
        }))
    }

    /// Acks a letter: it is gone for good.
    pub async fn remove(&self, letter: &Letter) -> Result<(), LostConnection> {
        Ok(self.channel.basic_ack(letter.tag, BasicAckOptions { multiple: false }).await?)
    }

    /// Returns every letter that was taken and not removed.
    pub async fn give_back(self) -> Result<(), LostConnection> {
        if let Some(last) = self.last {
            let all = BasicNackOptions { multiple: true, requeue: true };
            self.channel.basic_nack(last, all).await?;
        }
        close(&self.channel).await;
        Ok(())
    }
}

/// What the broker noted when it last dead-lettered the message. The newest entry stands first.
fn first_death(headers: &FieldTable) -> Option<&FieldTable> {
    match headers.inner().get("x-death") {
        Some(AMQPValue::FieldArray(deaths)) => match deaths.as_slice().first() {
            Some(AMQPValue::FieldTable(death)) => Some(death),
            _ => None,
        },
        _ => None,
    }
}

fn text(table: &FieldTable, name: &str) -> Option<String> {
    match table.inner().get(name) {
        Some(AMQPValue::LongString(text)) => Some(text.to_string()),
        Some(AMQPValue::ShortString(text)) => Some(text.to_string()),
        _ => None,
    }
}
