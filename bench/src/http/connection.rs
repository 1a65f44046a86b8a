//! One keep-alive connection.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::failure::Failure;
use super::request::Request;
use super::response::{Head, head};

/// A longer answer is treated as an error.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An answer. It borrows the connection's buffer, so that nothing is copied.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub status: u16,
    pub retry_after_seconds: Option<u32>,
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The first `id` in a JSON body.
    pub fn id(&self) -> Option<String> {
        const KEY: &[u8] = b"\"id\":\"";
        let start = self.body.windows(KEY.len()).position(|part| part == KEY)? + KEY.len();
        let id = self.body.get(start..start + 36)?;
        std::str::from_utf8(id).ok().map(str::to_owned)
    }
}

/// A connection and its read buffer.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens a connection from a loopback address and a port that no other connection of this
    /// process uses.
    pub async fn open(from: SocketAddrV4, to: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Lets a port be used again that a connection has just closed.
        socket.set_reuseaddr(true)?;
        socket.bind(from.into())?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(1_024) })
    }

    /// Sends a request and reads its answer. After a failure the connection cannot be used again.
    pub async fn ask(
        &mut self,
        request: &Request,
        timeout: Duration,
    ) -> Result<(Answer<'_>, bool), Failure> {
        let head = tokio::time::timeout(timeout, self.exchange(request))
            .await
            .map_err(|_| Failure::TimedOut)??;
        let body = &self.buffer[head.length..head.length + head.body_length.unwrap_or_default()];
        let answer =
            Answer { status: head.status, retry_after_seconds: head.retry_after_seconds, body };
        Ok((answer, head.is_last))
    }

    /// Gives up HTTP/1.1, for another protocol on the same connection.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends a request whose answer is a stream. Returns the head, and the part of the body that
    /// has arrived.
    pub async fn begin(mut self, request: &Request) -> Result<(Head, Vec<u8>, TcpStream), Failure> {
        self.stream.write_all(request.bytes()).await?;
        let head = self.read_head().await?;
        let rest = self.buffer.split_off(head.length);
        Ok((head, rest, self.stream))
    }

    async fn exchange(&mut self, request: &Request) -> Result<Head, Failure> {
        self.buffer.clear();
        self.stream.write_all(request.bytes()).await?;
        let head = self.read_head().await?;
        let Some(body_length) = head.body_length else {
            return Err(Failure::Broken("a body in chunks, which was not asked for".to_owned()));
        };
        let whole = head.length.saturating_add(body_length);
        if whole > ANSWER_BYTES_MAX {
            return Err(Failure::Broken(format!("an answer of {whole} bytes")));
        }
        while self.buffer.len() < whole {
            self.read_more().await?;
        }
        if self.buffer.len() > whole {
            return Err(Failure::Broken("more than one answer".to_owned()));
        }
        Ok(head)
    }

    async fn read_head(&mut self) -> Result<Head, Failure> {
        loop {
            self.read_more().await?;
            match head(&self.buffer) {
                Ok(Some(head)) => return Ok(head),
                Ok(None) if self.buffer.len() < 64 * 1_024 => {}
                _ => return Err(Failure::Broken("no HTTP answer".to_owned())),
            }
        }
    }

    async fn read_more(&mut self) -> Result<(), Failure> {
        self.buffer.reserve(1_024);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(Failure::Broken("the server ended the connection".to_owned())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_body_is_found() {
        let id = "0193b1b0-0000-8000-8000-0123456789ab";
        let body = format!("{{\"id\":\"{id}\",\"event\":1}}");
        let answer = |body| Answer { status: 201, retry_after_seconds: None, body };
        assert_eq!(answer(body.as_bytes()).id().as_deref(), Some(id));
        assert_eq!(answer(b"{\"id\":\"short\"}").id(), None);
        assert_eq!(answer(b"{}").id(), None);
    }
}
