//! Opens connections.

use std::fmt;
use std::time::Duration;

use deadpool_lapin::{Manager, Pool, PoolError, Runtime};
use lapin::{Channel, ConnectionProperties};

use process::settings::Broker;

/// The connection or a channel of it is gone: drop what hung on it and open another.
#[derive(Debug, thiserror::Error)]
#[error("the connection to the broker is lost: {0}")]
pub struct LostConnection(pub String);

impl LostConnection {
    /// The broker took it away because its user did what it may not, or may not log in.
    pub fn is_refused(&self) -> bool {
        self.0.contains("ACCESS_REFUSED")
    }
}

impl From<lapin::Error> for LostConnection {
    fn from(error: lapin::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<PoolError> for LostConnection {
    fn from(error: PoolError) -> Self {
        Self(error.to_string())
    }
}

/// An open connection.
pub struct Connection {
    inner: deadpool_lapin::Connection,
    /// It may declare what is not its own.
    pub(super) declares: bool,
}

/// Without the URL, which has a password in it.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({:?})", self.inner.status())
    }
}

impl Connection {
    /// Opens a connection, once. The name is shown to operators by the broker.
    pub async fn open(settings: &Broker, name: &str) -> Result<Self, LostConnection> {
        let inner = pool(settings, name, 1)?.get().await?;
        Ok(Self { inner, declares: settings.declare })
    }

    /// Opens a channel.
    pub(super) async fn channel(&self) -> Result<Channel, LostConnection> {
        Ok(self.inner.create_channel().await?)
    }

    /// Closes it in good order, so that the broker has taken every ack. A failure changes nothing:
    /// what was not acked comes again.
    pub async fn close(&self) {
        let limit = Duration::from_secs(2);
        let _gone = tokio::time::timeout(limit, self.inner.close(200, "done".into())).await;
    }

    /// The connection works, as far as is known.
    pub fn is_open(&self) -> bool {
        self.inner.status().connected()
    }

    /// The broker lets nobody publish on this connection, for want of memory or disk.
    pub fn is_blocked(&self) -> bool {
        self.inner.status().blocked()
    }
}

/// A source of connections that gives up when one takes too long.
fn pool(settings: &Broker, name: &str, size: usize) -> Result<Pool, LostConnection> {
    let limit = Some(Duration::from_millis(settings.connect_timeout_ms));
    let url = settings.url.expose();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}heartbeat={}", settings.heartbeat_seconds);
    let name = name.to_owned();
    let properties =
        move || ConnectionProperties::default().with_connection_name(name.as_str().into());
    let runtime = lapin::runtime::default_runtime()?;
    Pool::builder(Manager::new(url, properties, runtime))
        .max_size(size)
        .create_timeout(limit)
        .wait_timeout(limit)
        .recycle_timeout(limit)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| LostConnection(error.to_string()))
}
