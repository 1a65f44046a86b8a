//! A pool of connections.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::connection::{Answer, Connection};
use super::failure::Failure;
use super::multiplexed::Multiplexed;
use super::request::Request;

/// The source addresses of connections, and the ports of each. The ports are the system's range for
/// outgoing connections, so no server listens on them.
const SOURCES: usize = 250;
const PORTS: Range<u16> = 33_000..60_999;
/// How many other ports are tried if one is in use.
const TRIES_MAX: usize = 16;

/// Selects the source address and port of the next connection. If the system chose the port, its
/// search would slow down with the number of ports in use or used recently. Each process starts at
/// a random number, so that two of them rarely choose the same.
static OPENED: LazyLock<AtomicUsize> =
    LazyLock::new(|| AtomicUsize::new(rand::random_range(0..SOURCES * PORTS.len())));

/// Connections to one server. A new one is opened when none is free, up to a limit. For one thread.
#[derive(Debug)]
pub struct Pool {
    to: SocketAddr,
    timeout: Duration,
    free: RefCell<Vec<Connection>>,
    slots: Semaphore,
    opened: Cell<usize>,
    multiplexed: Option<Multiplexed>,
}

impl Pool {
    /// `timeout` is for one exchange.
    pub fn new(to: SocketAddr, connections_max: usize, timeout: Duration) -> Self {
        let free = RefCell::default();
        let opened = Cell::new(0);
        let slots = Semaphore::new(connections_max);
        Self { to, timeout, free, slots, opened, multiplexed: None }
    }

    /// A pool whose exchanges share connections by HTTP/2.
    pub fn shared(to: SocketAddr, exchanges_max: usize, timeout: Duration) -> Self {
        let multiplexed = Some(Multiplexed::default());
        Self { multiplexed, ..Self::new(to, exchanges_max, timeout) }
    }

    pub fn opened(&self) -> usize {
        self.opened.get()
    }

    /// Opens connections in advance for this many concurrent exchanges, a few at a time, because
    /// the backlog of a listener is limited.
    pub async fn warm(&self, exchanges: usize) -> Result<(), Failure> {
        use futures::{StreamExt, TryStreamExt, stream};
        if let Some(multiplexed) = &self.multiplexed {
            while multiplexed.streams_max() < exchanges {
                multiplexed.add(self.open().await?.into_stream()).await?;
            }
            return Ok(());
        }
        let have = self.free.borrow().len();
        let open = stream::iter(have..exchanges).map(|_| self.open()).buffer_unordered(64);
        let opened: Vec<Connection> = open.try_collect().await?;
        self.free.borrow_mut().extend(opened);
        Ok(())
    }

    /// Sends a request on a free connection, and reads its answer in place. Waits if all are in
    /// use.
    pub async fn ask<T>(
        &self,
        request: &Request,
        read: impl FnOnce(Answer<'_>) -> T,
    ) -> Result<T, Failure> {
        let _slot = self.slots.acquire().await.expect("it is never closed");
        if let Some(multiplexed) = &self.multiplexed {
            let answered = tokio::time::timeout(self.timeout, multiplexed.ask(request, read));
            return answered.await.map_err(|_| Failure::TimedOut)?;
        }
        let free = self.free.borrow_mut().pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => self.open().await?,
        };
        let (answer, is_last) = connection.ask(request, self.timeout).await?;
        let value = read(answer);
        if !is_last {
            self.free.borrow_mut().push(connection);
        }
        Ok(value)
    }

    /// Opens a connection that does not return to the pool.
    pub async fn open(&self) -> Result<Connection, Failure> {
        self.opened.set(self.opened.get() + 1);
        let connect = async {
            for _ in 1..TRIES_MAX {
                match self.connect().await {
                    Err(error) if is_taken(&error) => {}
                    connected => return connected,
                }
            }
            self.connect().await
        };
        match tokio::time::timeout(self.timeout, connect).await {
            Err(_) => Err(Failure::TimedOut),
            Ok(connected) => Ok(connected?),
        }
    }

    async fn connect(&self) -> io::Result<Connection> {
        Connection::open(source(OPENED.fetch_add(1, Ordering::Relaxed)), self.to).await
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable)
}

/// 127.0.0.2 and the following addresses, each with every port.
fn source(number: usize) -> SocketAddrV4 {
    let address = number / PORTS.len() % SOURCES;
    let port = number % PORTS.len();
    SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2 + address as u8), PORTS.start + port as u16)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every request on every connection, and counts the connections.
    async fn server(listener: TcpListener, answer: &'static [u8]) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = [0; 4_096];
                while stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    }

    async fn pool(answer: &'static [u8]) -> Pool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap();
        tokio::spawn(server(listener, answer));
        Pool::new(to, 2, Duration::from_secs(5))
    }

    #[tokio::test]
    async fn a_connection_is_used_again() {
        let pool = pool(b"HTTP/1.1 409 x\r\ncontent-length: 2\r\n\r\nno").await;
        for _ in 0..5 {
            let request = Request::get("/", "");
            let answer = pool.ask(&request, |answer| (answer.status, answer.body.to_vec())).await;
            assert_eq!(answer, Ok((409, b"no".to_vec())));
        }
        assert_eq!(pool.opened(), 1);
    }

    #[tokio::test]
    async fn one_that_the_server_ends_is_not() {
        let pool = pool(b"HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
        for _ in 0..3 {
            assert_eq!(pool.ask(&Request::get("/", ""), |a| a.status).await, Ok(200));
        }
        assert_eq!(pool.opened(), 3);
    }

    #[test]
    fn sources_have_ports_enough_and_none_twice() {
        let first: Vec<SocketAddrV4> = (0..100_000).map(source).collect();
        let distinct: std::collections::HashSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), first.len());
        assert_eq!(source(0), "127.0.0.2:33000".parse().unwrap());
        assert_eq!(source(SOURCES * PORTS.len()), source(0));
        assert!(source(usize::MAX).ip().is_loopback());
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_passed_over() {
        let pool = pool(b"HTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n").await;
        let next = source(OPENED.load(Ordering::Relaxed) + 2);
        let _taken = TcpListener::bind(next).await;
        for _ in 0..8 {
            assert!(pool.open().await.is_ok());
        }
    }
}
