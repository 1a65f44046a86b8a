//! Holds become due although RabbitMQ leaves one of their queues without a leader. Other requests
//! go on.

use std::time::Duration;

use anyhow::Result;
use broker::topology::HOLDS_DUE;
use e2e::{Options, Own, Stack, eventually, plans, slowest};
use serde_json::Value;

const DELAY: &str = "holds.delay.5000";
/// Holds may be late by that, beside what the machine needs for the work.
const SHORTEST_DELAY: Duration = Duration::from_millis(100);
const SECTIONS: i32 = 6;
const FREED: &str = "SELECT count(*) FROM reservations WHERE status = 'expired' AND customer = $1";

/// Sections in all partitions, holds of 5 s, and a sweep for overdue holds at this interval.
async fn stack(own: &Own, audit_ms: u64) -> Result<Stack> {
    let mut plan = plans::seated(4);
    plan.sections = ["A", "B", "C", "D", "E", "F"].map(|name| plans::section(name, 40)).into();
    plan.hold_seconds = 5;
    let options = Options::of(plan)
        .set("topology__delays_ms", "100,500,1000,2000,5000")
        .set("broker__publish_timeout_ms", 1_000)
        .set("workers__overdue_sweep_interval_ms", audit_ms)
        .set("workers__overdue_sweep_after_ms", 1_000)
        .set("workers__sweep_at_start", false);
    own.stack(options).await
}

/// A different seat for each number, in another section than the one before.
fn seat(number: i32) -> i32 {
    number % SECTIONS * 400 + number / SECTIONS + 1
}

/// Holds seats for a customer, one after the other.
async fn hold(stack: &Stack, customer: &str, numbers: std::ops::Range<i32>) -> Result<()> {
    for number in numbers {
        let held = stack.buyer.reserve(customer, &[seat(number)]).await?;
        anyhow::ensure!(held.status == 201, "hold {number}: {:?}", held.body);
    }
    Ok(())
}

/// A number about the expired holds of a customer.
async fn count(stack: &Stack, of: &'static str, customer: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(of).bind(customer).fetch_one(&stack.database.pool).await?)
}

/// Waits until all these holds of a customer have expired.
async fn freed(stack: &Stack, customer: &str, number: i64) {
    let all = || async { count(stack, FREED, customer).await.is_ok_and(|n| n == number) };
    eventually("holds that are freed", all).await;
}

/// How late the last hold of a customer expired.
async fn latest(stack: &Stack, customer: &str) -> Result<Duration> {
    let of = "SELECT max(greatest(0, extract(epoch FROM updated_at - expires_at) * 1000))::bigint
              FROM reservations WHERE status = 'expired' AND customer = $1";
    Ok(Duration::from_millis(count(stack, of, customer).await? as u64))
}

/// A payment and a rejection, which need no delay queue, still work.
async fn others_go_on(stack: &Stack, number: i32) -> Result<()> {
    let held = stack.buyer.reserve("bob", &[seat(number)]).await?;
    anyhow::ensure!(held.status == 201, "{:?}", held.body);
    let paid = stack.buyer.pay(held.id(), "4242424242424242").await?;
    anyhow::ensure!(paid.status == 201, "{:?}", paid.body);
    let refused = stack.buyer.reserve("cid", &[seat(number)]).await?;
    anyhow::ensure!(refused.status == 409, "{:?}", refused.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_queue_without_a_leader_stops_nobody_and_holds_use_the_others() -> Result<()> {
    let own = Own::start().await?;
    let mut stack = stack(&own, 0).await?;
    let caught = stack.buyer.reserve("ada", &[seat(0)]).await?;
    assert_eq!(caught.status, 201, "{:?}", caught.body);
    own.stop_leader(&stack.vhost.name, DELAY)?;
    hold(&stack, "eve", 1..61).await?;
    others_go_on(&stack, 61).await?;
    freed(&stack, "eve", 60).await;
    let late = latest(&stack, "eve").await?;
    let number = |tried| 90 + tried;
    let one = slowest(|tried| hold(&stack, "hal", number(tried)..number(tried) + 1)).await?;
    let limit = SHORTEST_DELAY + 20 * one;
    assert!(late < limit, "freed {late:?} after being due, when one hold takes {one:?}");
    let of_ada = count(&stack, FREED, "ada").await?;
    assert_eq!(of_ada, 0, "its message is in the queue that has no leader");

    stack.kill_worker(0)?;
    stack.add_worker("all", &[])?;
    stack.worker_ready(0).await?;
    hold(&stack, "fay", 62..82).await?;
    own.start_leader(&stack.vhost.name, DELAY)?;
    freed(&stack, "ada", 1).await;
    freed(&stack, "fay", 20).await;
    stack.workers[0].message("this queue is back").await?;
    hold(&stack, "gus", 82..83).await?;
    let empty = || async { stack.vhost.waiting(DELAY).await.is_ok_and(|n| n == 0) };
    freed(&stack, "gus", 1).await;
    eventually("an empty delay queue", empty).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_are_freed_when_the_queue_of_due_ones_has_a_leader_again_and_nobody_else_waits()
-> Result<()> {
    let own = Own::start().await?;
    // RabbitMQ itself waits three minutes before it retries messages that were due.
    let mut stack = stack(&own, 1_000).await?;
    own.stop_leader(&stack.vhost.name, HOLDS_DUE)?;
    stack.kill_worker(0)?;
    stack.add_worker("all", &[])?;
    stack.worker_ready(0).await?;
    hold(&stack, "eve", 0..20).await?;
    others_go_on(&stack, 20).await?;
    let overdue = "SELECT count(*) FROM tickets WHERE state = 'held' AND expires_at < now()";
    let all = || async { stack.database.count(overdue).await.is_ok_and(|n| n == 20) };
    eventually("holds that are overdue", all).await;
    let connected = |line: &&Value| line["message"] == "consuming" && line["pool"] == "expiry";
    let times = stack.workers[0].lines().iter().filter(connected).count();
    let is_loss = |line: &Value| line["message"] == "not consuming" && line["pool"] == "expiry";
    let losses: Vec<Value> = stack.workers[0].lines().into_iter().filter(is_loss).collect();
    assert!(times <= 2, "each of {times} times it sends for all holds again: {losses:?}");

    own.start_leader(&stack.vhost.name, HOLDS_DUE)?;
    freed(&stack, "eve", 20).await;
    stack.finish().await
}
