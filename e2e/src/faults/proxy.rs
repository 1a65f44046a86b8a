//! A TCP proxy before a server: the network between it and one process, with its weather.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes at once.
    Clear,
    /// Everything passes, this much later.
    Slow(Duration),
    /// Nothing passes, and nobody is told; what was sent passes when it is clear again.
    Silent,
    /// Every connection is closed, and so is every new one.
    Down,
}

#[derive(Debug, Clone, Copy)]
struct State {
    weather: Weather,
    target: SocketAddr,
    /// Rises with every event that connections of before do not survive.
    epoch: u64,
    /// Connections of before this epoch are closed.
    closed_before: u64,
    /// Connections of before this epoch are silent for ever, as after a firewall forgot them.
    forgotten_before: u64,
}

/// A listener on 127.0.0.1 that passes on to a server. It ends with this value.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Opens a proxy to this port of 127.0.0.1.
    pub async fn open(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let own = listener.local_addr()?.port();
        let state = watch::Sender::new(State {
            weather: Weather::Clear,
            target: at(port),
            epoch: 0,
            closed_before: 0,
            forgotten_before: 0,
        });
        let accepting = tokio::spawn(accept(listener, state.subscribe()));
        Ok(Self { port: own, state, accepting })
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the weather for connections that are open and for new ones.
    pub fn set(&self, weather: Weather) {
        self.state.send_modify(|state| state.weather = weather);
        if weather == Weather::Down {
            self.cut();
        }
    }

    /// Closes every open connection; new ones are taken.
    pub fn cut(&self) {
        self.state.send_modify(|state| {
            state.epoch += 1;
            state.closed_before = state.epoch;
        });
    }

    /// Lets nothing pass on any open connection for ever, without closing it; new ones are fine.
    pub fn forget(&self) {
        self.state.send_modify(|state| {
            state.epoch += 1;
            state.forgotten_before = state.epoch;
        });
    }

    /// Leads to another server from now on; connections to the old one are closed.
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
        if now.weather == Weather::Down {
            continue;
        }
        tokio::spawn(serve(client, state.clone(), now));
    }
}

/// Until one side closes, or the connection is cut. An error is the end of a connection, no more.
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
        let passes = |now: &State| now.weather != Weather::Silent && now.forgotten_before <= born;
        let gone = |_| io::Error::from(io::ErrorKind::ConnectionAborted);
        let weather = state.wait_for(passes).await.map_err(gone)?.weather;
        if let Weather::Slow(delay) = weather {
            tokio::time::sleep(delay).await;
        }
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}
