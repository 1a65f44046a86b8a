//! Serves HTTP/1.1 on a listener: a limit on connections and on slow heads, and a drain.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::response::Response;
use common::settings;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::Peer;
use crate::metrics::Counted;

/// How long a peer may leave unread what was sent to it, before the connection is given up.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Headers of one request, at most.
const HEADERS_MAX: usize = 64;
/// Bytes of a request's head, at most.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// After an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How to serve.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Connections that are open at once, at most; more wait to be accepted.
    pub connections_max: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head_timeout: Duration,
}

impl Options {
    /// What the settings say.
    pub fn of(settings: &settings::Api) -> Self {
        Self {
            connections_max: settings.connections_max,
            head_timeout: Duration::from_millis(settings.head_timeout_ms),
        }
    }
}

/// The router, which is told whose connection a request came on.
#[derive(Clone)]
struct Service {
    router: TowerToHyperService<Router>,
    peer: Peer,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response;
    type Error = Infallible;
    type Future = TowerToHyperServiceFuture<Router, Request<Incoming>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

/// Serves until `stop`; then takes no more connections, lets those that are open finish the request
/// that they are in, and returns when all are gone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: Options,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(options.connections_max.min(Semaphore::MAX_PERMITS)));
    let connections = TaskTracker::new();
    let accept = async {
        loop {
            let slot = Arc::clone(&slots).acquire_owned().await.expect("it is never closed");
            let (stream, peer) = accept(&listener).await;
            let service = Service { router: TowerToHyperService::new(router.clone()), peer };
            let connection = serve_connection(stream, service, options, stop.clone());
            let counted = Counted::connection();
            connections.spawn(async move {
                connection.await;
                drop(counted);
                drop(slot);
            });
        }
    };
    stop.run_until_cancelled(accept).await;
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, Peer(address.ip())),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    service: Service,
    options: Options,
    stop: CancellationToken,
) {
    let unread_ms = UNREAD_TIMEOUT.as_millis() as u32;
    let tuned = stream
        .set_nodelay(true)
        .and_then(|()| Ok(rustix::net::sockopt::set_tcp_user_timeout(&stream, unread_ms)?));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
