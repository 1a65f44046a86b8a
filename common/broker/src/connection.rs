//! Connections to the broker, with a limit on how long opening one may take.

use std::fmt;
use std::time::Duration;

use deadpool_lapin::{Manager, Pool, PoolError, Runtime};
use lapin::{Channel, ConnectionProperties};

use process::settings::Broker;

/// The connection or one of its channels is closed. Drop everything that used it and open another.
#[derive(Debug, thiserror::Error)]
#[error("the connection to the broker is lost: {0}")]
pub struct LostConnection(pub String);

impl LostConnection {
    /// Whether the broker closed it because of the user's rights: a retry cannot help.
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

/// An open connection. Publish and consume on different ones: see the crate.
pub struct Connection {
    inner: deadpool_lapin::Connection,
    /// Whether this process may declare exchanges and queues that others use.
    pub(super) declares: bool,
}

/// Hides the URL, because it contains a password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({:?})", self.inner.status())
    }
}

impl Connection {
    /// Tries once; retries are the caller's choice. The broker shows the name to operators.
    pub async fn open(settings: &Broker, name: &str) -> Result<Self, LostConnection> {
        let inner = pool(settings, name, 1)?.get().await?;
        Ok(Self { inner, declares: settings.declare })
    }

    pub(super) async fn channel(&self) -> Result<Channel, LostConnection> {
        Ok(self.inner.create_channel().await?)
    }

    /// Closes the connection in order, so that the broker has processed every ack. A failure is
    /// ignored: what was not acked is redelivered.
    pub async fn close(&self) {
        let limit = Duration::from_secs(2);
        let _gone = tokio::time::timeout(limit, self.inner.close(200, "done".into())).await;
    }

    /// Whether the connection is usable, as far as the client library knows.
    pub fn is_open(&self) -> bool {
        self.inner.status().connected()
    }

    /// Whether the broker blocks publishers on this connection, because it lacks memory or disk.
    pub fn is_blocked(&self) -> bool {
        self.inner.status().blocked()
    }
}

/// A pool, because the client library itself has no time-out for opening a connection.
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
