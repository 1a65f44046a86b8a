//! Detects a silent peer on a connection that must end: some peers neither read nor close.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The activity of one connection.
#[derive(Debug, Default)]
pub(crate) struct PeerActivity {
    /// Requests in progress. While there are any, the peer waits for us, so its silence means
    /// nothing.
    requests: AtomicUsize,
    /// Rises with every write that the peer accepts, and with every finished request.
    moved: AtomicU64,
}

impl PeerActivity {
    /// Marks a request as in progress until the returned value is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> InWork {
        self.requests.fetch_add(1, Ordering::Relaxed);
        InWork(Arc::clone(self))
    }

    /// Waits until the peer has accepted nothing for `limit` while no request was in progress. It
    /// returns at most `2 × limit` after the last activity.
    pub(crate) async fn silence(&self, limit: Duration) {
        loop {
            let before = self.moved.load(Ordering::Acquire);
            tokio::time::sleep(limit).await;
            let is_idle = self.requests.load(Ordering::Acquire) == 0;
            if is_idle && self.moved.load(Ordering::Acquire) == before {
                return;
            }
        }
    }

    fn has_moved(&self) {
        self.moved.fetch_add(1, Ordering::Release);
    }
}

/// A request in progress.
#[derive(Debug)]
pub(crate) struct InWork(Arc<PeerActivity>);

impl Drop for InWork {
    fn drop(&mut self) {
        // In this order: `silence` reads the count first, so if it sees no request, it also sees
        // the move.
        self.0.has_moved();
        self.0.requests.fetch_sub(1, Ordering::Release);
    }
}

/// A connection that records what its peer accepts.
#[derive(Debug)]
pub(crate) struct Watched {
    stream: TcpStream,
    activity: Arc<PeerActivity>,
}

impl Watched {
    pub(crate) fn new(stream: TcpStream, activity: Arc<PeerActivity>) -> Self {
        Self { stream, activity }
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.activity.has_moved();
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(task, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(task, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(task, bytes);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_in_work_is_waited_for_and_then_the_peer_is_given_up() {
        let limit = Duration::from_millis(20);
        let activity = Arc::new(PeerActivity::default());
        let request = activity.request();
        assert!(tokio::time::timeout(limit * 5, activity.silence(limit)).await.is_err());
        drop(request);
        activity.silence(limit).await;
    }
}
