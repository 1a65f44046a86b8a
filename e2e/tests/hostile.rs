//! Hostile clients get a refusal or a closed connection, and cost little. They cause no fault, and
//! other clients are served as before.

mod wire;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::{Options, Stack, plans};
use futures::future::try_join_all;
use serde_json::json;
use wire::{Wire, exchange, statuses};

const RESERVATIONS: &str = "/api/v1/events/1/reservations";

/// The front door still books, had no fault, and its memory has not grown.
async fn unharmed(stack: Stack) -> Result<()> {
    let booked = stack.buyer.reserve("ada", &[1]).await?;
    anyhow::ensure!(booked.status == 201, "{booked:?}");
    let api = stack.api.as_ref().context("the front door")?;
    let faults: Vec<_> = api.lines().into_iter().filter(|line| line["level"] == "ERROR").collect();
    anyhow::ensure!(faults.is_empty(), "{faults:#?}");
    let mib = resident_mib(api.pid())?;
    anyhow::ensure!(mib < 400, "the front door has {mib} MiB");
    stack.finish().await
}

fn resident_mib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1_024)
}

fn post(body: &str, headers: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {RESERVATIONS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// Requests that cannot be parsed, as raw bytes.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes();
    let head = |headers: &str| format!("GET /livez HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n");
    let flood: Vec<String> = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let flood = flood.concat();
    let chunked = |chunks: &str| {
        format!(
            "POST {RESERVATIONS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n{chunks}"
        )
        .into_bytes()
    };
    let mut bad_path = get("/api/v1/events/X");
    bad_path[19] = 0xff;
    let mut nul = head("X-Y: z").into_bytes();
    nul[30] = 0;
    vec![
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec()),
        ("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("a newer HTTP", b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n".to_vec()),
        ("no path", b"GET HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("a byte that is no character in the path", bad_path),
        ("NUL in a header", nul),
        ("a bare line feed in a header", head("X-Y: a\r\n b: \x0b").into_bytes()),
        ("200 headers", head(&flood).into_bytes()),
        ("a header of 64 KiB", head(&format!("X-Y: {}", "z".repeat(65_536))).into_bytes()),
        ("a path of 64 KiB", get(&format!("/{}", "z".repeat(65_536)))),
        ("a length below zero", head("Content-Length: -1").into_bytes()),
        ("a length past all numbers", head("Content-Length: 99999999999999999999").into_bytes()),
        ("two lengths", post("{}", "Content-Length: 3\r\n")),
        ("a length and chunks", post("0\r\n\r\n", "Transfer-Encoding: chunked\r\n")),
        ("a chunk past all numbers", chunked("fffffffffffffffff\r\n")),
        ("a chunk below zero", chunked("-1\r\n{}\r\n")),
        ("an unknown coding", post("{}", "Transfer-Encoding: gzip\r\n")),
    ]
}

/// Requests that can be parsed and are refused.
fn refused() -> Vec<(&'static str, u16, Vec<u8>)> {
    let get = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
    };
    let bodies = [
        ("a number past all integers", r#"{"customer":"a","tickets":[1e999]}"#),
        ("an integer of 64 bits", r#"{"customer":"a","tickets":[9223372036854775807]}"#),
        ("the least integer", r#"{"customer":"a","tickets":[-2147483648]}"#),
        ("a fraction", r#"{"customer":"a","best":{"quantity":1.5}}"#),
        ("the greatest quantity", r#"{"customer":"a","best":{"quantity":2147483647}}"#),
        ("half a surrogate pair", r#"{"customer":"\ud800","tickets":[1]}"#),
        ("NUL in a name", r#"{"customer":"a\u0000","tickets":[1]}"#),
        ("a field twice", r#"{"customer":"a","customer":"b","tickets":[1]}"#),
        ("a list for an object", "[[[[[[]]]]]]"),
    ];
    let mut all: Vec<(&'static str, u16, Vec<u8>)> = bodies
        .into_iter()
        .map(|(what, body)| {
            let status = if body.contains("1e999") || body.contains("ud800") { 400 } else { 422 };
            (what, status, post(body, "Connection: close\r\n"))
        })
        .collect();
    let mut not_utf8 = post("{\"customer\":\"??\",\"tickets\":[1]}", "Connection: close\r\n");
    let at = not_utf8.windows(2).position(|two| two == b"??").expect("it is there");
    not_utf8[at] = 0xc3;
    all.push(("a name that is not UTF-8", 400, not_utf8));
    let huge = format!(
        "POST {RESERVATIONS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: 1099511627776\r\n\r\n"
    );
    all.push(("a body of 1 TiB", 413, huge.into_bytes()));
    for (what, status, path) in [
        ("an event past all integers", 404, "/api/v1/events/99999999999999999999"),
        ("an event below zero", 404, "/api/v1/events/-1"),
        ("a limit past all integers", 400, "/api/v1/events?limit=18446744073709551616"),
        ("an encoded byte that is no character", 400, "/api/v1/events/%FF"),
        ("an encoded NUL", 404, "/api/v1/events/%00"),
        ("an encoded slash", 404, "/api/v1/events/1%2Freservations"),
        ("dots to a file outside", 404, "/assets/../../secret.txt"),
        ("encoded dots to a file outside", 404, "/assets/%2e%2e/%2e%2e/secret.txt"),
        ("encoded slashes to a file outside", 404, "/..%2f..%2fsecret.txt"),
        ("backslashes to a file outside", 404, "/..%5c..%5csecret.txt"),
        ("an absolute path to a file", 404, "//etc/passwd.txt"),
        ("NUL at the end of a file's name", 404, "/index.html%00.png"),
        ("dots above the root of the API", 404, "/api/../../secret.txt"),
    ] {
        all.push((what, status, get(path)));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_right_is_refused_and_harms_nobody() -> Result<()> {
    let folder =
        testbed::checkout::target().join("test").join(format!("web-{}", std::process::id()));
    let web = folder.join("web/dist");
    std::fs::create_dir_all(web.join("assets"))?;
    std::fs::write(web.join("index.html"), "the page")?;
    std::fs::write(folder.join("secret.txt"), "a file outside")?;
    std::fs::write(folder.join("web/secret.txt"), "a file outside")?;
    let options = Options::of(plans::seated(1))
        .set("api__web_dir", web.display())
        .set("api__head_timeout_ms", 2_000);
    let stack = Stack::start(options).await?;
    let address = stack.buyer.base().trim_start_matches("http://").to_owned();
    for (what, bytes) in malformed() {
        let answer = exchange(&address, &bytes).await.context(what)?;
        let clean = statuses(&answer).iter().all(|status| (400..500).contains(status));
        anyhow::ensure!(clean, "{what}: {}", String::from_utf8_lossy(&answer));
    }
    for (what, status, bytes) in refused() {
        let answer = exchange(&address, &bytes).await.context(what)?;
        let shown = String::from_utf8_lossy(&answer);
        anyhow::ensure!(statuses(&answer) == [status], "{what}: {shown}");
        anyhow::ensure!(shown.contains("application/problem+json"), "{what}: {shown}");
        anyhow::ensure!(!shown.contains("a file outside"), "{what}: {shown}");
    }
    for method in ["TRACE", "CONNECT", "PATCH", "PUT", "BREW"] {
        let bytes = format!("{method} {RESERVATIONS} HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut wire = Wire::open(&address).await?;
        wire.send(bytes.as_bytes()).await?;
        anyhow::ensure!(matches!(wire.status().await?, 400..500), "{method}");
    }
    std::fs::remove_dir_all(folder)?;
    unharmed(stack).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_end_is_cut_off_and_a_slow_one_is_given_up() -> Result<()> {
    let options = Options::of(plans::seated(1))
        .set("api__head_timeout_ms", 1_500)
        .set("api__body_timeout_ms", 1_500);
    let stack = Stack::start(options).await?;
    let address = stack.buyer.base().trim_start_matches("http://").to_owned();

    let mut endless = Wire::open(&address).await?;
    let head = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n";
    endless
        .send(format!("POST {RESERVATIONS} HTTP/1.1\r\nHost: x\r\n{head}\r\n").as_bytes())
        .await?;
    let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
    for _ in 0..2_000 {
        if endless.send(&chunk).await.is_err() {
            break;
        }
    }
    assert!(matches!(endless.status().await, Ok(413) | Err(_)), "refused, or cut off");
    assert!(endless.send(&chunk).await.is_err() || endless.is_closed().await?);

    // Sending a byte from time to time keeps neither a head nor a body open.
    let slow = |first: &'static str, rest: &'static [u8]| {
        let address = address.clone();
        async move {
            let mut wire = Wire::open(&address).await?;
            wire.send(first.as_bytes()).await?;
            let began = Instant::now();
            wire.trickle(rest, Duration::from_millis(200)).await?;
            anyhow::ensure!(began.elapsed() < e2e::PATIENCE, "it was kept");
            Ok(statuses(&wire.rest().await?))
        }
    };
    let heads = (0..100).map(|_| slow("GET /livez HTTP/1.1\r\nHost: x\r\n", b"X-a: b\r\n"));
    for answer in try_join_all(heads).await? {
        assert!(answer.is_empty() || answer == [408], "{answer:?}");
    }
    let head = "POST /api/v1/events/1/reservations HTTP/1.1\r\nHost: x\r\n\
                Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let bodies = (0..100).map(|_| slow(head, b" "));
    for answer in try_join_all(bodies).await? {
        assert_eq!(answer, [408]);
    }
    // A client that stops after the HTTP/2 preface, or in the middle of it, is disconnected.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for first in [&preface[..], &preface[..10]] {
        let mut wire = Wire::open(&address).await?;
        wire.send(first).await?;
        tokio::time::timeout(e2e::PATIENCE, wire.rest()).await.context("it was kept")??;
    }
    unharmed(stack).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_are_in_nobodys_way() -> Result<()> {
    let stack = Stack::start(Options::of(plans::seated(20))).await?;
    let address = stack.buyer.base().trim_start_matches("http://").to_owned();
    // Both ends of each connection are on this machine, in two processes.
    let number = wire::open_files_max()?.saturating_sub(500).min(10_000);
    let mut idle = Vec::with_capacity(number);
    for _ in 0..number {
        idle.push(Wire::open(&address).await?);
    }
    // Half of the connections stay silent; the others have begun a request.
    for wire in idle.iter_mut().step_by(2) {
        wire.send(b"GET /livez HTTP/1.1\r\n").await?;
    }
    for seat in 2..=40 {
        let body = json!({"customer": "bob", "tickets": [seat]});
        let answer = stack.buyer.post_reservation(body, &[("prefer", "wait=20")]).await?;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let pid = stack.api.as_ref().context("the front door")?.pid();
    let mib = resident_mib(pid)?;
    assert!(mib < 400, "{mib} MiB with {number} idle connections");
    drop(idle);
    unharmed(stack).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_often_is_told_when_to_come_back_and_others_are_served() -> Result<()> {
    let options = Options::of(plans::seated(20))
        .set("limits__address_per_minute", 6)
        .set("limits__address_burst", 20)
        .set("limits__customer_per_minute", 1)
        .set("limits__customer_burst", 3)
        .set("limits__trusted_proxies", "127.0.0.1");
    let stack = Stack::start(options).await?;
    let ask = async |address: &str| {
        let from = [("x-forwarded-for", address)];
        stack.buyer.ask(reqwest::Method::GET, "/api/v1/events", &from, None).await
    };
    let mut refused = 0;
    for _ in 0..60 {
        let answer = ask("198.51.100.7").await?;
        if answer.status == 429 {
            refused += 1;
            assert!(answer.header("retry-after").parse::<u32>()? >= 1);
            assert_eq!(answer.body["type"], "/problems/too-many-requests");
        } else {
            assert_eq!(answer.status, 200);
        }
    }
    assert!(refused >= 1, "60 at once are more than a burst of 20 and one in ten seconds");
    assert_eq!(ask("198.51.100.8").await?.status, 200, "others are not concerned");
    assert_eq!(stack.buyer.get("/livez").await?.status, 200);

    for ticket in 1..=3 {
        assert_eq!(stack.buyer.reserve("eve", &[ticket]).await?.status, 201);
    }
    let fourth = stack.buyer.reserve("eve", &[4]).await?;
    assert_eq!((fourth.status, &fourth.body["type"]), (429, &json!("/problems/too-many-requests")));
    assert!(fourth.header("retry-after").parse::<u32>()? >= 1);
    assert_eq!(stack.buyer.reserve("bob", &[4]).await?.status, 201);
    stack.finish().await
}
