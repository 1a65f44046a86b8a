//! A TCP proxy in front of a server. It stands for the network between the server and one process,
//! and can fail like one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The condition of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Data pass at once.
    Normal,
    /// Data pass after this delay.
    Slow(Duration),
    /// No data pass, and no error is reported. Data sent meanwhile pass afterwards.
    Silent,
    /// All connections are closed, and new ones too.
    Down,
}

#[derive(Debug, Clone, Copy)]
struct State {
    condition: Condition,
    target: SocketAddr,
    /// Increases with every event that ends existing connections.
    epoch: u64,
    /// Connections from before this epoch are closed.
    closed_before: u64,
    /// Connections from before this epoch pass nothing any more, as if a firewall had dropped their
    /// state.
    forgotten_before: u64,
}

/// A listener on 127.0.0.1 that forwards to a server. It closes when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Opens a proxy to this port on 127.0.0.1.
    pub async fn open(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let own = listener.local_addr()?.port();
        let state = watch::Sender::new(State {
            condition: Condition::Normal,
            target: at(port),
            epoch: 0,
            closed_before: 0,
            forgotten_before: 0,
        });
        let accepting = tokio::spawn(accept(listener, state.subscribe()));
        Ok(Self { port: own, state, accepting })
    }

    /// The port of the listener on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the condition for existing and new connections.
    pub fn set(&self, condition: Condition) {
        self.state.send_modify(|state| state.condition = condition);
        if condition == Condition::Down {
            self.cut();
        }
    }

    /// Closes every existing connection. New ones are accepted.
    pub fn cut(&self) {
        self.state.send_modify(|state| {
            state.epoch += 1;
            state.closed_before = state.epoch;
        });
    }

    /// Stops all data on existing connections for ever, without closing them. New ones work.
    pub fn forget(&self) {
        self.state.send_modify(|state| {
            state.epoch += 1;
            state.forgotten_before = state.epoch;
        });
    }

    /// Forwards to another server from now on. Connections to the old one are closed.
    pub fn point_at(&self, port: u16) {
        self.state.send_modify(|state| state.target = at(port));
        self.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

async fn accept(listener: TcpListener, state: watch::Receiver<State>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let now = *state.borrow();
        if now.condition == Condition::Down {
            continue;
        }
        tokio::spawn(serve(client, state.clone(), now));
    }
}

/// Forwards until one side closes, or the connection is cut. An error only means that the
/// connection ended.
async fn serve(client: TcpStream, state: watch::Receiver<State>, born: State) {
    let both = async {
        let server = TcpStream::connect(born.target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::try_join!(
            pump(from_client, to_server, state.clone(), born.epoch),
            pump(from_server, to_client, state.clone(), born.epoch),
        )
    };
    let mut watched = state.clone();
    tokio::select! {
        _ended = both => {}
        _closed = watched.wait_for(|now| now.closed_before > born.epoch) => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    born: u64,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1_024];
    loop {
        let read = from.read(&mut buffer).await?;
        let passes =
            |now: &State| now.condition != Condition::Silent && now.forgotten_before <= born;
        let gone = |_| io::Error::from(io::ErrorKind::ConnectionAborted);
        let condition = state.wait_for(passes).await.map_err(gone)?.condition;
        if let Condition::Slow(delay) = condition {
            tokio::time::sleep(delay).await;
        }
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}
