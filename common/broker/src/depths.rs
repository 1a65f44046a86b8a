//! The depths of queues. The broker is asked only when somebody looks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use tokio::sync::Mutex;

use super::connection::{Connection, LostConnection};
use super::declare::close;
use process::settings;
use process::telemetry::metrics::{self, Gauge};
use process::telemetry::names;

/// An answer of this age is used again, so that several viewers do not multiply the questions.
const FRESH_FOR: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(2);

/// What waits in one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// The name of the queue.
    pub queue: String,
    /// Messages ready. Messages delivered to a worker and not yet acked are not counted.
    pub messages: u32,
    /// How many workers are subscribed.
    pub consumers: u32,
}

/// The depths of a fixed list of queues, with a connection to ask for them.
#[derive(Debug)]
pub struct Depths {
    settings: settings::Broker,
    name: String,
    queues: Vec<String>,
    visible: Gauge,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Connection>,
    last: Option<(Instant, Arc<Vec<Depth>>)>,
}

impl Depths {
    /// Opens no connection yet. The first look opens one with this name.
    pub fn new(settings: &settings::Broker, name: &str, queues: Vec<String>) -> Self {
        let settings = settings.clone();
        let name = name.to_owned();
        let visible = metrics::gauge(names::QUEUES_VISIBLE, &[]);
        Self { settings, name, queues, visible, state: Mutex::default() }
    }

    /// The current depths, in the order of the queues. Also updates the metrics.
    pub async fn look(&self) -> Result<Arc<Vec<Depth>>, LostConnection> {
        let late = |_| Err(LostConnection(format!("no answer within {TIMEOUT:?}")));
        let looked = tokio::time::timeout(TIMEOUT, self.try_look()).await.unwrap_or_else(late);
        self.visible.set(f64::from(u8::from(looked.is_ok())));
        if looked.is_err() {
            // An old depth must not be mistaken for the current one.
            metrics::clear_gauge(names::QUEUE_MESSAGES);
            metrics::clear_gauge(names::QUEUE_CONSUMERS);
        }
        looked
    }

    async fn try_look(&self) -> Result<Arc<Vec<Depth>>, LostConnection> {
        let mut state = self.state.lock().await;
        if let Some((at, depths)) = &state.last
            && at.elapsed() < FRESH_FOR
        {
            return Ok(Arc::clone(depths));
        }
        // Taken out, and put back only after an answer: a connection that failed is dropped.
        let connection = match state.connection.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => Connection::open(&self.settings, &self.name).await?,
        };
        let depths = Arc::new(queue_depths(&connection, &self.queues).await?);
        for depth in depths.iter() {
            let labels = [("queue", depth.queue.as_str())];
            metrics::gauge(names::QUEUE_MESSAGES, &labels).set(f64::from(depth.messages));
            metrics::gauge(names::QUEUE_CONSUMERS, &labels).set(f64::from(depth.consumers));
        }
        state.connection = Some(connection);
        state.last = Some((Instant::now(), Arc::clone(&depths)));
        Ok(depths)
    }
}

/// The depth of each queue, in the order given. Messages delivered to a consumer and not yet acked
/// are not counted.
async fn queue_depths(
    connection: &Connection,
    queues: &[String],
) -> Result<Vec<Depth>, LostConnection> {
    let channel = connection.channel().await?;
    let look = queues.iter().map(|queue| async {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let name = queue.as_str().into();
        let found = channel.queue_declare(name, options, FieldTable::default()).await?;
        let messages = found.message_count();
        let consumers = found.consumer_count();
        Ok::<_, LostConnection>(Depth { queue: queue.clone(), messages, consumers })
    });
    let depths = try_join_all(look).await?;
    close(&channel).await;
    Ok(depths)
}
