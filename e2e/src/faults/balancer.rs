//! A small load balancer in front of the front doors. New connections go in turn to those that
//! report that they are ready.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often readiness is checked.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A listener on 127.0.0.1. It closes when this is dropped.
#[derive(Debug)]
pub struct Balancer {
    /// Address for clients.
    pub address: String,
    _tasks: JoinSet<()>,
}

impl Balancer {
    /// Opens a balancer for the front doors at these addresses.
    pub async fn open(doors: Vec<String>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(1)).build()?;
        let ready = watch::Sender::new(ready(&client, &doors).await);
        let seen = ready.subscribe();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                ready.send_replace(self::ready(&client, &doors).await);
            }
        });
        tasks.spawn(accept(listener, seen));
        Ok(Self { address, _tasks: tasks })
    }
}

async fn ready(client: &reqwest::Client, doors: &[String]) -> Arc<[String]> {
    let looks = doors.iter().map(|door| async move {
        let answer = client.get(format!("http://{door}/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success()).then(|| door.clone())
    });
    futures::future::join_all(looks).await.into_iter().flatten().collect()
}

async fn accept(listener: TcpListener, ready: watch::Receiver<Arc<[String]>>) {
    let mut turn = 0;
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        turn += 1;
        let ready = Arc::clone(&ready.borrow());
        connections.spawn(pass_on(client, ready, turn));
        while connections.try_join_next().is_some() {}
    }
}

/// Passes the connection to the next front door in turn, or else to the first that accepts it.
async fn pass_on(mut client: TcpStream, ready: Arc<[String]>, turn: usize) {
    for place in 0..ready.len() {
        let door = &ready[(turn + place) % ready.len()];
        if let Ok(mut server) = TcpStream::connect(door).await {
            let _nodelay = (client.set_nodelay(true), server.set_nodelay(true));
            let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
