//! Publishes, and reports for each message whether the broker has it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, LostConnection};
use super::declare::declare;
use super::meter;
use super::publication::{Publication, PublishError};
use super::sender::Sender;
use crate::topology::Topology;
use process::backoff::Backoff;
use process::settings;

#[derive(Debug)]
struct Link {
    connection: Connection,
    sender: Sender,
}

/// Publishes on one channel in confirm mode. If the channel is lost, a background task opens
/// another one and declares the topology again. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    link: Arc<RwLock<Option<Arc<Link>>>>,
    lost: Arc<Notify>,
}

impl Publisher {
    /// Starts a background task that opens the connection, and opens it again when it is lost,
    /// until `stop` is cancelled.
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

    /// Whether messages can be published now, as far as is known.
    pub fn is_ready(&self) -> bool {
        self.usable_link().is_ok()
    }

    /// Publishes a message and waits for the publisher confirm.
    pub async fn publish(&self, message: Publication) -> Result<(), PublishError> {
        self.publish_all(vec![message]).await.pop().expect("one result for one message")
    }

    /// Publishes messages in this order and waits for each confirm.
    pub async fn publish_all(&self, messages: Vec<Publication>) -> Vec<Result<(), PublishError>> {
        let link = match self.usable_link() {
            Ok(link) => link,
            Err(error) => return refuse_all(&messages, &error),
        };
        let began = Instant::now();
        let publishes = messages.iter().map(|message| send(&link, message));
        let results = join_all(publishes).await;
        if is_broken(&link, &results, began) {
            self.drop_link(&link);
        }
        results
    }

    fn usable_link(&self) -> Result<Arc<Link>, PublishError> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(link) = link else {
            return Err(PublishError::Away("not connected".to_owned()));
        };
        // Check liveness before blocked: lapin keeps reporting *blocked* on a connection that died
        // while blocked, so the other order never reconnects.
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

    /// Returns when the link is lost. A publish notices it, or the regular look does while nobody
    /// publishes.
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

/// Nothing is sent, and every message is counted as refused.
fn refuse_all(messages: &[Publication], error: &PublishError) -> Vec<Result<(), PublishError>> {
    let results = vec![Err(error.clone()); messages.len()];
    for (message, result) in messages.iter().zip(&results) {
        meter::published(message.exchange, Duration::ZERO, result);
    }
    results
}

/// Whether these results, of messages that were sent since `began`, prove that the link is lost.
fn is_broken(link: &Link, results: &[Result<(), PublishError>], began: Instant) -> bool {
    // Keep the channel if other confirms arrived: one queue that does not confirm must not fail
    // the messages to all the others.
    let is_silent = !link.sender.has_confirmed_since(began);
    let is_lost = results.iter().any(|result| match result {
        Err(PublishError::Unknown) => is_silent,
        Err(PublishError::Away(_)) => true,
        _ => false,
    });
    // A blocked connection confirms nothing and is not lost: it works again once it is unblocked.
    is_lost && !link.connection.is_blocked()
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

async fn send(link: &Link, message: &Publication) -> Result<(), PublishError> {
    let sent = Instant::now();
    let result = link.sender.send(message).await;
    meter::published(message.exchange, sent.elapsed(), &result);
    result
}
