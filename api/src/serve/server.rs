//! Serves HTTP/1.1, and HTTP/2 without TLS for proxies, with limits on connections and on slow
//! request heads, and with a drain.

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

/// How long a peer may leave sent data unread before the connection is closed.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The most headers of one request.
const HEADERS_MAX: usize = 64;
/// The most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// The first bytes of HTTP/2; no method of HTTP/1.1 begins so (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The most concurrent requests on one HTTP/2 connection. A proxy that needs more opens more
/// connections.
const STREAMS_MAX: u32 = 256;
/// The most bytes of an HTTP/2 stream's answer that are buffered for a peer that does not read.
const SEND_BYTES_MAX: usize = 64 * 1_024;
/// The pause after a failed accept, for instance with too many open files: a loop without it would
/// spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The most open connections; more wait to be accepted.
    pub connections_max: usize,
    /// How long the head of a request may take, and how long a connection may be idle. For HTTP/2,
    /// how long a peer may be gone before it is noticed.
    pub head_timeout: Duration,
    /// How long a peer may accept nothing while no request of it is in progress.
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
    /// Answers a request on a connection from `peer`.
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

/// The service of one connection.
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
        // The future is made inside the box: making it outside and moving it in doubles the box's
        // size.
        Box::pin(async move {
            let answer = answers.answer(request.map(Body::new), peer).await;
            drop(in_work);
            Ok(answer)
        })
    }
}

/// Serves until `stop`. Then it accepts no more connections, lets open ones finish their present
/// request, and returns when all are closed.
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

/// Waits for the first bytes and peeks at them. A preface that arrives in pieces is not recognised.
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

/// Serves a connection. After `stop` it finishes only the present requests, and no longer than
/// until `silence`: an HTTP/2 peer must answer before the connection can end, and some never do.
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
