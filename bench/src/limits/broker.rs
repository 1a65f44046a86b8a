//! How many envelopes per second RabbitMQ alone confirms, on the system's own quorum queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use booking::ids::{EventId, Mint, TicketNumber};
use booking::messages::Envelope;
use booking::requests::{Request, Reserve};
use broker::topology::{REQUESTS, Topology};
use broker::{Publication, Publisher};
use process::settings;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Length, Limit, on_all_cores};
use crate::stage::Ground;

/// Requests in an envelope.
const ENVELOPES: [usize; 2] = [1, 100];
/// Connections that publish.
const PUBLISHERS: usize = 2;
/// Maximum unconfirmed messages of one connection.
const WINDOW: usize = 128;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Measures envelopes of each size. Nobody consumes, because only the confirms are counted.
pub async fn broker(ground: &Ground, length: Length) -> Result<Vec<Limit>> {
    let mut limits = Vec::new();
    for requests in ENVELOPES {
        let database = ground.database("limits").await?;
        let url = ground.rabbitmq.amqp_url(&database.name);
        let confirmed = on_all_cores(confirm(url, requests, length)).await?;
        let per_s = confirmed as f64 / length.0.as_secs_f64();
        limits.push(Limit {
            what: format!("RabbitMQ: envelopes of {requests}, {PUBLISHERS} connections"),
            per_s,
            requests_per_s: per_s * requests as f64,
        });
        ground.discard(database).await?;
    }
    Ok(limits)
}

async fn confirm(url: String, requests: usize, length: Length) -> Result<u64> {
    let broker = settings::Broker { url: url.as_str().into(), ..settings::Broker::default() };
    // Without a consumer the queues only grow, so their length limit must not be reached.
    let topology =
        settings::Topology { requests_max_length: 100_000_000, ..settings::Topology::default() };
    let topology = Topology::new(&topology);
    let stop = CancellationToken::new();
    let publishers: Vec<Publisher> = (0..PUBLISHERS)
        .map(|_| Publisher::start(&broker, &topology, "bench limits", stop.clone()))
        .collect();
    connected(&publishers).await?;
    let body = Envelope::new((1..=requests).map(request).collect()).encode();
    let confirmed = Arc::new(AtomicU64::new(0));
    let opens = Instant::now() + length.warmup();
    let mut tasks = JoinSet::new();
    for publisher in publishers {
        let body = body.clone();
        let confirmed = Arc::clone(&confirmed);
        let window = opens..opens + length.0;
        let partitions = topology.request_partitions();
        tasks.spawn(async move {
            loop {
                let message = |number: usize| {
                    let key = Topology::partition_key(number as u16 % partitions);
                    Publication::durable(REQUESTS, key, body.clone())
                };
                for result in publisher.publish_all((0..WINDOW).map(message).collect()).await {
                    result?;
                }
                let now = Instant::now();
                if now >= window.end {
                    return anyhow::Ok(());
                }
                if now >= window.start {
                    confirmed.fetch_add(WINDOW as u64, Ordering::Relaxed);
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    stop.cancel();
    Ok(confirmed.load(Ordering::Relaxed))
}

async fn connected(publishers: &[Publisher]) -> Result<()> {
    let deadline = Instant::now() + CONNECT_TIMEOUT;
    while !publishers.iter().all(Publisher::is_ready) {
        ensure!(Instant::now() < deadline, "no connection to the broker in {CONNECT_TIMEOUT:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn request(number: usize) -> Request {
    let event = EventId(1);
    let now = process::clock::now();
    Request::Reserve(Reserve {
        id: Mint::new("limits").fresh(event, now),
        event,
        customer: format!("buyer-{number}@load.test"),
        tickets: vec![TicketNumber(number as i32)],
        best: None,
        accepted_at: now,
        patience_ms: 30_000,
        fingerprint: 1,
    })
}
