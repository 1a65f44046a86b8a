//! Whether a connection that is to end is worth waiting for: some peers neither read nor say
//! goodbye.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What goes on on one connection.
#[derive(Debug, Default)]
pub(crate) struct PeerActivity {
    /// Requests in work: what they wait for is ours to give.
    requests: AtomicUsize,
    /// Rises with everything that the peer takes, and with every request that is done.
    moved: AtomicU64,
}

impl PeerActivity {
    /// A request is in work until the returned value is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> InWork {
        self.requests.fetch_add(1, Ordering::Relaxed);
        InWork(Arc::clone(self))
    }

    /// Until the peer has taken nothing for that long although nothing is in work for it; twice as
    /// long at most.
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

/// A request that is in work.
#[derive(Debug)]
pub(crate) struct InWork(Arc<PeerActivity>);

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.has_moved();
        self.0.requests.fetch_sub(1, Ordering::Release);
    }
}

/// A connection that notes what its peer takes.
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
