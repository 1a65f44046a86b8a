//! Many concurrent exchanges on few connections, by HTTP/2: a process may have fewer open sockets
//! than it plays clients.

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use h2::client::{SendRequest, handshake};
use tokio::net::TcpStream;

use super::connection::Answer;
use super::failure::Failure;
use super::request::Request;

/// Maximum exchanges on one connection at once. Servers allow a few more.
const STREAMS_OF_A_CONNECTION: usize = 200;

impl From<h2::Error> for Failure {
    fn from(error: h2::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Connections that are used in turn. For one thread.
#[derive(Debug, Default)]
pub(super) struct Multiplexed {
    connections: RefCell<Vec<SendRequest<Bytes>>>,
    turn: Cell<usize>,
}

impl Multiplexed {
    /// Starts HTTP/2 on one more connection.
    pub(super) async fn add(&self, stream: TcpStream) -> Result<(), Failure> {
        let (sender, connection) = handshake(stream).await?;
        tokio::task::spawn_local(async move {
            // Ignored: each exchange on this connection fails too and reports the error.
            let _ended = connection.await;
        });
        self.connections.borrow_mut().push(sender);
        Ok(())
    }

    /// The maximum number of concurrent exchanges.
    pub(super) fn streams_max(&self) -> usize {
        self.connections.borrow().len() * STREAMS_OF_A_CONNECTION
    }

    /// Sends a request on the next connection, and reads its answer.
    pub(super) async fn ask<T>(
        &self,
        request: &Request,
        read: impl FnOnce(Answer<'_>) -> T,
    ) -> Result<T, Failure> {
        let sender = {
            let connections = self.connections.borrow();
            self.turn.set((self.turn.get() + 1) % connections.len().max(1));
            connections.get(self.turn.get()).cloned()
        };
        let sender = sender.ok_or_else(|| Failure::Broken("no connection".to_owned()))?;
        let (head, body) = request.message()?;
        let mut sender = sender.ready().await?;
        let (response, mut stream) = sender.send_request(head, body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(body, true)?;
        }
        let (head, mut incoming) = response.await?.into_parts();
        let mut body = Vec::new();
        while let Some(data) = incoming.data().await {
            let data = data?;
            incoming.flow_control().release_capacity(data.len())?;
            body.extend_from_slice(&data);
        }
        let retry_after = head.headers.get(http::header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(read(Answer {
            status: head.status.as_u16(),
            retry_after_seconds: retry_after,
            body: &body,
        }))
    }
}
