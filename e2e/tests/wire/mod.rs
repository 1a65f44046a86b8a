//! A connection that can send any bytes.

use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Maximum bytes read of a response.
const ANSWER_BYTES_MAX: usize = 100_000;

/// A connection to the front door.
pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = timeout(e2e::PATIENCE, TcpStream::connect(address)).await??;
        Ok(Self { stream, read: Vec::new() })
    }

    /// An error means that the other side accepts no more.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(timeout(e2e::PATIENCE, self.stream.write_all(bytes)).await??)
    }

    /// Sends the same bytes repeatedly, with pauses, until the other side answers or accepts no
    /// more.
    pub(crate) async fn trickle(&mut self, bytes: &[u8], pause: Duration) -> Result<()> {
        let trickle = async {
            loop {
                if timeout(pause, self.stream.readable()).await.is_ok() {
                    return;
                }
                if self.stream.write_all(bytes).await.is_err() {
                    return;
                }
            }
        };
        timeout(e2e::PATIENCE, trickle).await.context("the connection is still there")
    }

    /// The status of the first response. An error if the connection ends without one.
    pub(crate) async fn status(&mut self) -> Result<u16> {
        loop {
            if let Some(status) = statuses(&self.read).first() {
                return Ok(*status);
            }
            anyhow::ensure!(self.more().await? > 0, "closed without an answer");
        }
    }

    /// Everything received until the connection ends in any way.
    pub(crate) async fn rest(&mut self) -> Result<Vec<u8>> {
        while self.read.len() < ANSWER_BYTES_MAX {
            match timeout(e2e::PATIENCE, self.stream.read_buf(&mut self.read)).await {
                Ok(Ok(1..)) => {}
                Ok(_) => break,
                Err(_) => anyhow::bail!("it was kept open"),
            }
        }
        Ok(std::mem::take(&mut self.read))
    }

    pub(crate) async fn is_closed(&mut self) -> Result<bool> {
        self.rest().await.map(|_| true)
    }

    async fn more(&mut self) -> Result<usize> {
        Ok(timeout(e2e::PATIENCE, self.stream.read_buf(&mut self.read)).await??)
    }
}

/// Sends bytes on a new connection. Returns everything received until it closes.
pub(crate) async fn exchange(address: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut wire = Wire::open(address).await?;
    // A server that refuses early need not read everything.
    let _refused = wire.send(bytes).await;
    wire.rest().await
}

/// The status of every response in these bytes.
pub(crate) fn statuses(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split("HTTP/1.1 ").skip(1);
    lines.filter_map(|line| line.get(..3)?.parse().ok()).collect()
}

/// Raises the limit of open files as far as the system allows. Returns the limit.
pub(crate) fn open_files_max() -> Result<usize> {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limits.maximum, maximum: limits.maximum };
    setrlimit(Resource::Nofile, raised)?;
    Ok(limits.maximum.map_or(usize::MAX, |files| files as usize))
}
