//! How much waits in the queues, asked of the broker when somebody looks and not before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::connection::{Connection, LostConnection};
use super::declare::queue_depths;
use process::settings;
use process::telemetry::metrics::{self, Gauge};
use process::telemetry::names;

/// Looks that follow each other within this time share an answer.
const FRESH: Duration = Duration::from_millis(500);
/// A look may take no longer.
const LIMIT: Duration = Duration::from_secs(2);

/// What waits in one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// The queue.
    pub queue: String,
    /// Messages that wait; those that a worker has in hand are not counted.
    pub messages: u32,
    /// Workers that are subscribed.
    pub consumers: u32,
}

/// The depths of some queues.
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
    /// The depths of these queues. A connection of this name is opened at the first look.
    pub fn new(settings: &settings::Broker, name: &str, queues: Vec<String>) -> Self {
        let settings = settings.clone();
        let name = name.to_owned();
        let visible = metrics::gauge(names::QUEUES_VISIBLE, &[]);
        Self { settings, name, queues, visible, state: Mutex::default() }
    }

    /// The depths now, in the order of the queues; also shown as metrics from now on.
    pub async fn look(&self) -> Result<Arc<Vec<Depth>>, LostConnection> {
        let late = |_| Err(LostConnection(format!("no answer within {LIMIT:?}")));
        let looked = tokio::time::timeout(LIMIT, self.try_look()).await.unwrap_or_else(late);
        self.visible.set(f64::from(u8::from(looked.is_ok())));
        if looked.is_err() {
            // What was true once must not be taken for the present.
            metrics::clear_gauge(names::QUEUE_MESSAGES);
            metrics::clear_gauge(names::QUEUE_CONSUMERS);
        }
        looked
    }

    async fn try_look(&self) -> Result<Arc<Vec<Depth>>, LostConnection> {
        let mut state = self.state.lock().await;
        if let Some((at, depths)) = &state.last
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(depths));
        }
        // Only a connection that answered is kept.
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
