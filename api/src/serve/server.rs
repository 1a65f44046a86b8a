//! Serves HTTP/1.1, and HTTP/2 without TLS as proxies speak it, on a listener: a limit on
//! connections and on slow heads, and a drain.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use process::settings;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::meter;
use super::peer_silence::{PeerActivity, Watched};
use crate::limits::Peer;

/// How long a peer may leave unread what was sent to it, before the connection is given up.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Headers of one request, at most.
const HEADERS_MAX: usize = 64;
/// Bytes of a request's head, at most.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// HTTP/2 begins so, and no method of HTTP/1.1 does (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Requests under way on one connection of HTTP/2, at most. A proxy opens more connections.
const STREAMS_MAX: u32 = 256;
/// Bytes of a stream's answer that wait for a peer that does not read, at most.
const SEND_BYTES_MAX: usize = 64 * 1_024;
/// After an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Connections that are open at once, at most; more wait to be accepted.
    pub connections_max: usize,
    /// How long the head of a request may take, and how long a connection may be idle; over HTTP/2,
    /// how long a peer that is gone may go unnoticed.
    pub head_timeout: Duration,
    /// How long a peer may take nothing while the process waits for nothing but that peer.
    pub silence: Duration,
}

impl Options {
    pub fn of(settings: &settings::Api) -> Self {
        Self {
            connections_max: settings.connections_max,
            head_timeout: Duration::from_millis(settings.head_timeout_ms),
            silence: Duration::from_millis(settings.drain_ms) / 4,
        }
    }
}
pub trait Answer: Clone + Send + Sync + 'static {
    /// Answers one that came on a connection from there.
    fn answer(self, request: Request<Body>, peer: Peer) -> impl Future<Output = Response> + Send;
}

impl Answer for Router {
    fn answer(
        mut self,
        request: Request<Body>,
        _peer: Peer,
    ) -> impl Future<Output = Response> + Send {
        self.call(request).map(|Ok(response)| response)
    }
}

/// What answers the requests of one connection.
#[derive(Clone)]
struct Service<A> {
    answers: A,
    peer: Peer,
    activity: Arc<PeerActivity>,
}

impl<A: Answer> hyper::service::Service<Request<Incoming>> for Service<A> {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let in_work = self.activity.request();
        let answers = self.answers.clone();
        let peer = self.peer;
        // The answer's future is made inside: one that is made outside and moved in doubles the
        // box.
        Box::pin(async move {
            let answer = answers.answer(request.map(Body::new), peer).await;
            drop(in_work);
            Ok(answer)
        })
    }
}

/// Serves until `stop`; then takes no more connections, lets those that are open finish the request
/// that they are in, and returns when all are gone.
pub async fn serve(
    listener: TcpListener,
    answers: impl Answer,
    options: Options,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(options.connections_max.min(Semaphore::MAX_PERMITS)));
    let connections = TaskTracker::new();
    let accept = async {
        loop {
            let slot = Arc::clone(&slots).acquire_owned().await.expect("it is never closed");
            let (stream, peer) = accept(&listener).await;
            let service = Service { answers: answers.clone(), peer, activity: Arc::default() };
            let counted = meter::count_connection();
            let stop = stop.clone();
            connections.spawn(async move {
                serve_connection(stream, service, options, stop).await;
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
    service: Service<impl Answer>,
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
    let first = tokio::time::timeout(options.head_timeout, speaks_http2(&stream));
    let Some(Ok(Ok(is_http2))) = stop.run_until_cancelled(first).await else { return };
    let activity = Arc::clone(&service.activity);
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let silence = activity.silence(options.silence);
    let ended = if is_http2 {
        // Boxed because HTTP/2 is rare but its future is large; unboxed, every connection would
        // carry it.
        let mut connection = Box::pin(http2(options).serve_connection(io, service));
        until(&stop, connection.as_mut(), silence).await
    } else {
        let connection = pin!(http1(options).serve_connection(io, service));
        until(&stop, connection, silence).await
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits for the first bytes and looks at them. A preface that comes in crumbs is not seen as one.
async fn speaks_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    Ok(stream.peek(&mut first).await? == first.len() && first == PREFACE)
}

fn http1(options: Options) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
}

fn http2(options: Options) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX)
        .max_send_buf_size(SEND_BYTES_MAX)
        .keep_alive_interval(options.head_timeout / 2)
        .keep_alive_timeout(options.head_timeout / 2);
    builder
}

/// Serves a connection; when all must stop, only the requests that it is in, and no longer than
/// until `silence`: a peer over HTTP/2 has to answer before it is over, and some never do.
async fn until<C: GracefulConnection>(
    stop: &CancellationToken,
    mut connection: Pin<&mut C>,
    silence: impl Future<Output = ()>,
) -> Result<(), C::Error> {
    tokio::select! {
        ended = &mut connection => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        ended = connection => ended,
        () = silence => {
            tracing::debug!("a connection is given up: its peer takes nothing");
            Ok(())
        }
    }
}
