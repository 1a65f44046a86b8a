//! Queues that fail while the broker is well. A queue that does not answer may end the connection,
//! or block the channel, on which it was asked: it is asked again on a connection of its own, until
//! it answers, and the others go on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use broker::{Connection, LostConnection, Publication, Sender};
use process::backoff::Backoff;
use process::settings;
use tokio::time::{sleep, timeout};

/// The longest that a queue may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How long a failed queue is left alone: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// The queues that failed while the connection was well, or with it while they were asked: they are
/// not asked on a shared one until they have answered. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct FailedQueues {
    broker: Arc<settings::Broker>,
    /// The worker, in the names of its connections.
    worker: String,
    queues: Arc<Mutex<HashSet<String>>>,
}

impl FailedQueues {
    /// None yet.
    pub(crate) fn new(broker: &settings::Broker, worker: &str) -> Self {
        let broker = Arc::new(broker.clone());
        Self { broker, worker: worker.to_owned(), queues: Arc::default() }
    }

    /// Whether this queue is not to be asked on a shared connection.
    pub(crate) fn contains(&self, queue: &str) -> bool {
        self.with(|queues| queues.contains(queue))
    }

    /// This queue failed, or may have; false if that was known.
    pub(crate) fn add(&self, queue: &str) -> bool {
        self.with(|queues| queues.insert(queue.to_owned()))
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        change(&mut self.queues.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// This queue did not take a message: it is offered `probe` until it takes that.
    pub(crate) fn refused(&self, queue: String, probe: Publication) {
        if !self.add(&queue) {
            return;
        }
        tracing::warn!(queue, "this queue takes nothing, the others go on");
        let failed = self.clone();
        tokio::spawn(async move {
            failed.until_answered(&queue, |connection| offer(connection, probe.clone())).await;
        });
    }

    /// Asks a queue on a connection of its own, again and again until it answers. After that it is
    /// failed no more.
    pub(crate) async fn until_answered<T, F>(&self, queue: &str, ask: impl Fn(Connection) -> F) -> T
    where
        F: Future<Output = Result<T, LostConnection>>,
    {
        let name = format!("workers {} {queue}", self.worker);
        let mut backoff = Backoff::new(AGAIN.0, AGAIN.1);
        loop {
            let answer = async {
                let connection = Connection::open(&self.broker, &name).await?;
                within(ask(connection)).await
            };
            match answer.await {
                Ok(answer) => {
                    tracing::info!(queue, "this queue is back");
                    self.with(|queues| queues.remove(queue));
                    return answer;
                }
                Err(error) => tracing::warn!(queue, %error, "this queue is not back"),
            }
            sleep(backoff.next_delay()).await;
        }
    }
}

async fn offer(connection: Connection, probe: Publication) -> Result<(), LostConnection> {
    let sender = Sender::open(&connection, ANSWER_MAX).await?;
    sender.send(&probe).await.map_err(|error| LostConnection(error.to_string()))?;
    connection.close().await;
    Ok(())
}

/// The answer of a queue, unless it takes too long.
pub(crate) async fn within<T>(
    answer: impl Future<Output = Result<T, LostConnection>>,
) -> Result<T, LostConnection> {
    match timeout(ANSWER_MAX, answer).await {
        Ok(answered) => answered,
        Err(_) => Err(LostConnection("the queue does not answer".to_owned())),
    }
}
