//! Workers share the partitions evenly, and take over from one another.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use booking::messages::Request;
use e2e::messages::{reserve, send};
use e2e::{Options, PATIENCE, Stack, plans};
use tokio::time::Instant;

const PARTITIONS: u16 = 16;

/// Sends a request to every partition, so that each shows who is active there.
async fn knock(stack: &Stack) -> Result<()> {
    for partition in 0..PARTITIONS {
        let request = Request::Reserve(reserve("ada", &[1]));
        send(&stack.publisher, partition, vec![request]).await?;
    }
    Ok(())
}

/// How many partitions each worker decided last.
fn shares(stack: &Stack) -> BTreeMap<usize, usize> {
    let mut last: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (number, worker) in stack.workers.iter().enumerate() {
        for line in worker.lines() {
            if line["message"] == "decided" {
                let queue = line["queue"].as_str().unwrap_or_default().to_owned();
                let at = line["timestamp"].as_str().unwrap_or_default().to_owned();
                let newest = last.entry(queue).or_default();
                if at > newest.0 {
                    *newest = (at, number);
                }
            }
        }
    }
    let mut shares = BTreeMap::new();
    for (_, worker) in last.into_values() {
        *shares.entry(worker).or_default() += 1;
    }
    shares
}

/// Knocks until every one of the workers has its even share.
async fn shared_evenly(stack: &Stack, workers: usize) -> Result<()> {
    let start = Instant::now();
    let few = 16 / workers;
    let many = 16usize.div_ceil(workers);
    loop {
        knock(stack).await?;
        stack.drained().await?;
        let shares = shares(stack);
        let even = |share: &usize| (few..=many).contains(share);
        if shares.len() == workers && shares.values().all(even) {
            return Ok(());
        }
        anyhow::ensure!(start.elapsed() < PATIENCE, "still {shares:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_share_16_partitions_evenly_and_again_after_one_is_killed() -> Result<()> {
    let options = Options { api: false, partitions: PARTITIONS, ..Options::of(plans::seated(1)) }
        .set("log__filter", "info,workers=debug")
        .workers(&["reservations", "reservations"]);
    let mut stack = Stack::start(options).await?;
    shared_evenly(&stack, 2).await?;
    stack.add_worker("reservations", &[])?;
    stack.worker_ready(2).await?;
    shared_evenly(&stack, 3).await?;
    stack.kill_worker(0)?;
    shared_evenly(&stack, 2).await?;
    stack.finish().await
}
