//! Server-sent events in a chunked body.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::connection::Connection;
use super::failure::Failure;
use super::request::Request;

/// Decodes chunked transfer encoding.
#[derive(Debug, Default)]
pub struct Chunks {
    raw: Vec<u8>,
    left: usize,
    ended: bool,
}

impl Chunks {
    /// Decodes these bytes, and appends the content to `out`. An error if they are not valid
    /// chunks.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        self.raw.extend_from_slice(bytes);
        let mut at = 0;
        while at < self.raw.len() && !self.ended {
            if self.left > 0 {
                let end = self.raw.len().min(at + self.left);
                out.extend_from_slice(&self.raw[at..end]);
                self.left -= end - at;
                at = end;
                continue;
            }
            // The line end after a chunk looks like an empty line before the next size.
            let Some(length) = self.raw[at..].windows(2).position(|two| two == b"\r\n") else {
                break;
            };
            let line = std::str::from_utf8(&self.raw[at..at + length]).unwrap_or_default();
            at += length + 2;
            if line.is_empty() {
                continue;
            }
            self.left = usize::from_str_radix(line, 16)
                .map_err(|_| Failure::Broken(format!("no size of a chunk: {line:?}")))?;
            self.ended = self.left == 0;
        }
        self.raw.drain(..at);
        Ok(())
    }

    /// Whether the last chunk was decoded.
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Empty for a comment.
    pub name: String,
    pub data: String,
}

#[derive(Debug)]
pub struct EventStream {
    stream: TcpStream,
    chunks: Chunks,
    text: Vec<u8>,
}

impl EventStream {
    /// Opens a stream. An error if the answer is not one.
    pub async fn open(connection: Connection, path: &str) -> Result<Self, Failure> {
        let request = Request::get(path, "accept: text/event-stream\r\n");
        let (head, rest, stream) = connection.begin(&request).await?;
        if head.status != 200 || head.body_length.is_some() {
            return Err(Failure::Broken(format!("{} instead of a stream", head.status)));
        }
        let mut chunks = Chunks::default();
        let mut text = Vec::new();
        chunks.push(&rest, &mut text)?;
        Ok(Self { stream, chunks, text })
    }

    /// Waits for the next event. None when the server ends the stream.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        let mut buffer = [0; 4_096];
        loop {
            if let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                return Ok(Some(read(&event)));
            }
            if self.chunks.has_ended() {
                return Ok(None);
            }
            let length = self.stream.read(&mut buffer).await?;
            if length == 0 {
                return Ok(None);
            }
            self.chunks.push(&buffer[..length], &mut self.text)?;
        }
    }
}

fn read(event: &[u8]) -> Event {
    let text = String::from_utf8_lossy(event);
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = field("data:");
    let unnamed = if data.is_some() { "message" } else { "" };
    let name = field("event:").unwrap_or(unnamed).to_owned();
    Event { name, data: data.unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together_however_they_are_cut() {
        let raw = b"5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
        for cut in 1..raw.len() {
            let mut chunks = Chunks::default();
            let mut out = Vec::new();
            for part in raw.chunks(cut) {
                chunks.push(part, &mut out).unwrap();
            }
            assert_eq!(out, b"hello0123456789abcdef", "{cut}");
            assert!(chunks.has_ended());
        }
        assert!(Chunks::default().push(b"xyz\r\n", &mut Vec::new()).is_err());
    }

    #[test]
    fn an_event_has_a_name_and_a_comment_has_none() {
        let event = read(b"event: availability\nid: 4\ndata: {}\n\n");
        assert_eq!((event.name.as_str(), event.data.as_str()), ("availability", "{}"));
        assert_eq!(read(b"data: {}\n\n").name, "message");
        assert_eq!(read(b": beat\n\n").name, "");
    }
}
