//! A front door that is asked to stop ends in order, whatever its clients do.

use anyhow::{Context, Result};
use e2e::{Options, Stack, plans};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let head = [0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// Opens a connection, sends these bytes, and reads until a frame of the awaited kind arrives.
async fn open(address: &str, bytes: &[u8], awaited: u8) -> Result<TcpStream> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(bytes).await?;
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await?;
            let [_, high, low, kind, ..] = head;
            let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
            stream.read_exact(&mut payload).await?;
            if kind == awaited {
                return anyhow::Ok(stream);
            }
        }
    };
    timeout(e2e::PATIENCE, exchange).await.context("no such frame came")?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_neither_read_nor_answer_are_given_up_in_a_drain_and_others_are_answered()
-> Result<()> {
    let mut stack = Stack::start(Options::of(plans::seated(1))).await?;
    let address = stack.buyer.base().trim_start_matches("http://").to_owned();
    let nothing_more = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let mute = open(&address, &nothing_more, SETTINGS).await?;
    // GET / with an empty stream window, so that no byte of the body may be sent.
    let no_window = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let request = frame(HEADERS, 5, 1, &[0x82, 0x84, 0x86, 0x41, 1, b'x']);
    let unread = open(&address, &[PREFACE, &no_window, &request].concat(), HEADERS).await?;
    let mut half = TcpStream::connect(&address).await?;
    half.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n").await?;

    let held = stack.buyer.reserve("ada", &[1]).await?;
    let path = format!("/api/v1/events/1/reservations/{}", held.id());
    let buyer = stack.buyer.clone();
    let waits =
        tokio::spawn(
            async move { buyer.ask(Method::GET, &path, &[("prefer", "wait=20")], None).await },
        );
    let api = stack.api.take().context("it has a front door")?;
    let has_waiter = || async {
        let metrics = stack.metrics(&api).await;
        metrics.is_ok_and(|metrics| metrics.sum("boxoffice_waiters", &[]) > 0.5)
    };
    e2e::eventually("a client that waits", has_waiter).await;
    let ended = tokio::task::spawn_blocking(|| api.terminate()).await??;
    assert!(ended.success(), "{ended}");
    let answer = waits.await??;
    assert_eq!(
        (answer.status, answer.state()),
        (200, "held"),
        "who waited is answered: {answer:?}"
    );
    drop((mute, unread, half));
    stack.finish().await
}
