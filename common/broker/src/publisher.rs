//! Publishes, and knows of each message whether the broker has it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, LostConnection};
use super::declare::declare;
use super::meter;
use super::sender::Sender;
use crate::topology::Topology;
use process::backoff::Backoff;
use process::settings;

/// A message to publish.
#[derive(Debug, Clone)]
pub struct Message {
    /// To which exchange.
    pub exchange: &'static str,
    /// With which key.
    pub routing_key: String,
    /// Its bytes.
    pub body: Vec<u8>,
    /// It must reach a queue and must survive the broker's restart. False for what is only a hint.
    pub durable: bool,
    /// Headers for people: why a message is dead, say.
    pub headers: Vec<(&'static str, String)>,
}

impl Message {
    /// A message that must not be lost.
    pub fn durable(exchange: &'static str, routing_key: String, body: Vec<u8>) -> Self {
        Self { exchange, routing_key, body, durable: true, headers: Vec::new() }
    }

    /// A message that may be lost, and may reach nobody.
    pub fn hint(exchange: &'static str, routing_key: String, body: Vec<u8>) -> Self {
        Self { durable: false, ..Self::durable(exchange, routing_key, body) }
    }
}

/// Why a message is not known to be with the broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no connection, or the broker blocks publishers: it was not sent.
    #[error("the broker is away: {0}")]
    Away(String),
    /// The broker refused it: the queue is full. It is not there.
    #[error("the queue is full")]
    Full,
    /// No queue is bound to that key. It is not there.
    #[error("no queue takes the routing key {0}")]
    Unroutable(String),
    /// It was sent, and the confirm did not come in time. It may be there.
    #[error("the broker did not confirm in time")]
    Unknown,
}

#[derive(Debug)]
struct Link {
    connection: Connection,
    sender: Sender,
}

/// One confirm channel that is kept open: lost, it is opened again, with the topology declared.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    link: Arc<RwLock<Option<Arc<Link>>>>,
    lost: Arc<Notify>,
}

impl Publisher {
    /// A publisher that opens and keeps its connection in the background until `stop`.
    pub fn start(
        settings: &settings::Broker,
        topology: &Topology,
        name: &str,
        stop: CancellationToken,
    ) -> Self {
        meter::register();
        let publisher = Self { link: Arc::default(), lost: Arc::default() };
        let settings = settings.clone();
        let topology = topology.clone();
        let name = name.to_owned();
        let keeper = publisher.clone();
        tokio::spawn(async move {
            let keep = keeper.keep(&settings, &topology, &name);
            stop.run_until_cancelled(keep).await;
        });
        publisher
    }

    /// Messages can be published now, as far as is known.
    pub fn is_ready(&self) -> bool {
        self.usable_link().is_ok()
    }

    /// Publishes a message and waits for the broker's word on it.
    pub async fn publish(&self, message: Message) -> Result<(), PublishError> {
        self.publish_all(vec![message]).await.pop().expect("one result for one message")
    }

    /// Publishes messages in this order and waits for the word on each.
    pub async fn publish_all(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let link = match self.usable_link() {
            Ok(link) => link,
            Err(error) => {
                let refuse = |message: &Message| {
                    let result = Err(error.clone());
                    meter::published(message.exchange, Duration::ZERO, &result);
                    result
                };
                return messages.iter().map(refuse).collect();
            }
        };
        let began = Instant::now();
        let publishes = messages.iter().map(|message| send(&link, message));
        let results = join_all(publishes).await;
        // One queue that does not confirm must not cost the others their channel.
        let is_deaf = !link.sender.has_heard_since(began);
        let broken = |result: &Result<(), PublishError>| match result {
            Err(PublishError::Unknown) => is_deaf,
            Err(PublishError::Away(_)) => true,
            _ => false,
        };
        if results.iter().any(broken) && !link.connection.is_blocked() {
            self.drop_link(&link);
        }
        results
    }

    fn usable_link(&self) -> Result<Arc<Link>, PublishError> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(link) = link else {
            return Err(PublishError::Away("not connected".to_owned()));
        };
        // First whether it is there: one that was lost while it was blocked counts as blocked for
        // ever.
        if !link.sender.is_open() || !link.connection.is_open() {
            self.drop_link(&link);
            return Err(PublishError::Away("the connection is lost".to_owned()));
        }
        if link.connection.is_blocked() {
            return Err(PublishError::Away("it blocks publishers".to_owned()));
        }
        Ok(link)
    }

    fn drop_link(&self, lost: &Arc<Link>) {
        let mut link = self.link.write().unwrap_or_else(PoisonError::into_inner);
        if link.as_ref().is_some_and(|current| Arc::ptr_eq(current, lost)) {
            *link = None;
            self.lost.notify_one();
        }
    }

    async fn keep(&self, settings: &settings::Broker, topology: &Topology, name: &str) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        loop {
            match open(settings, topology, name).await {
                Ok(link) => {
                    tracing::info!(name, "connected to the broker");
                    *self.link.write().unwrap_or_else(PoisonError::into_inner) =
                        Some(Arc::new(link));
                    backoff.reset();
                    self.watch().await;
                    tracing::warn!(name, "lost the connection to the broker");
                }
                Err(error) => tracing::warn!(name, %error, "the broker is away"),
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }

    /// Until the link is lost: somebody noticed while publishing, or it is seen to be down.
    async fn watch(&self) {
        let mut look = tokio::time::interval(Duration::from_millis(500));
        loop {
            tokio::select! {
                () = self.lost.notified() => {}
                _ = look.tick() => {
                    let _checked = self.usable_link();
                }
            }
            if self.link.read().unwrap_or_else(PoisonError::into_inner).is_none() {
                return;
            }
        }
    }
}

async fn open(
    settings: &settings::Broker,
    topology: &Topology,
    name: &str,
) -> Result<Link, LostConnection> {
    let connection = Connection::open(settings, name).await?;
    declare(&connection, topology).await?;
    let timeout = Duration::from_millis(settings.publish_timeout_ms);
    let sender = Sender::open(&connection, timeout).await?;
    Ok(Link { connection, sender })
}

async fn send(link: &Link, message: &Message) -> Result<(), PublishError> {
    let sent = Instant::now();
    let result = link.sender.send(message).await;
    meter::published(message.exchange, sent.elapsed(), &result);
    result
}
