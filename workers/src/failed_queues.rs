//! Queues that fail while the broker works. An operation on such a queue may close its connection
//! or block its channel. So it is tried again on a separate connection until the queue answers,
//! and the other queues are not affected.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use broker::{Connection, LostConnection, Publication, Sender};
use process::backoff::Backoff;
use process::settings;
use tokio::time::{sleep, timeout};

/// How long an operation on a queue may take before the queue counts as failed.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The pause before a failed queue is tried again: the first one, and the longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// The queues that failed, and those with an operation under way when their connection was lost,
/// because they may have caused the loss. None of them is used on a shared connection until it has
/// answered on a separate one. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct FailedQueues {
    broker: Arc<settings::Broker>,
    /// Part of the names of its connections, for operators.
    worker: String,
    queues: Arc<Mutex<HashSet<String>>>,
}

impl FailedQueues {
    pub(crate) fn new(broker: &settings::Broker, worker: &str) -> Self {
        let broker = Arc::new(broker.clone());
        Self { broker, worker: worker.to_owned(), queues: Arc::default() }
    }

    /// Whether this queue must not be used on a shared connection.
    pub(crate) fn contains(&self, queue: &str) -> bool {
        self.with(|queues| queues.contains(queue))
    }

    /// Marks a queue as failed. False if it was marked already.
    pub(crate) fn add(&self, queue: &str) -> bool {
        self.with(|queues| queues.insert(queue.to_owned()))
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        change(&mut self.queues.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Marks a queue that did not take a message. A background task sends `probe` to it until the
    /// queue takes it. At most one such task runs for each queue.
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

    /// Tries an operation on a separate connection, again and again until the queue answers. Then
    /// the queue no longer counts as failed.
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

/// Waits for a queue's answer, for `ANSWER_MAX` at most.
pub(crate) async fn within<T>(
    answer: impl Future<Output = Result<T, LostConnection>>,
) -> Result<T, LostConnection> {
    match timeout(ANSWER_MAX, answer).await {
        Ok(answered) => answered,
        Err(_) => Err(LostConnection("the queue does not answer".to_owned())),
    }
}
