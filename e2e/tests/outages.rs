//! A server or a worker is lost, and nothing is.

use std::time::{Duration, Instant};

use anyhow::Result;
use booking::domain::{EventId, SectionNumber};
use broker::topology::Topology;
use e2e::{Answer, Options, Own, Stack, plans};
use futures::future::join_all;
use serde_json::json;
use testbed::servers::postgres::Stop;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stopped_for_5_s_delays_answers_and_loses_none() -> Result<()> {
    let own = Own::start().await?;
    let stack = own.stack(Options::of(plans::seated(4))).await?;
    assert_eq!(stack.buyer.reserve("ada", &[40]).await?.status, 201);
    own.postgres.stop(Stop::Immediate)?;
    let stopped = Instant::now();
    let mut ids = Vec::new();
    for seat in 1..=30 {
        let body = json!({"customer": "ada", "tickets": [seat]});
        let accepted = stack.buyer.post_reservation(body, &[]).await?;
        assert_eq!(accepted.status, 202, "{:?}", accepted.body);
        ids.push(accepted.id().to_owned());
    }
    let queues = stack.operate(&["queues"], &[]).await?;
    assert_eq!(queues.code, 0, "the queues can be seen without the database: {}", queues.text);
    tokio::time::sleep(Duration::from_secs(5).saturating_sub(stopped.elapsed())).await;
    own.postgres.start_again()?;
    for id in ids {
        assert_eq!(stack.buyer.until(&id, &["held", "rejected"]).await?.state(), "held");
    }
    stack.finish().await
}

/// What is asked for while the broker takes nothing.
fn wish() -> serde_json::Value {
    json!({"customer": "ada", "tickets": [2]})
}

/// Waits until the front door knows that the broker takes nothing: nothing is queued.
async fn until_blocked(stack: &Stack) {
    let blocked = || async {
        let answer = stack.buyer.post_reservation(wish(), &[]).await;
        answer.is_ok_and(|answer| answer.status == 503 && answer.body["reservation"].is_null())
    };
    e2e::eventually("a front door that knows that it is blocked", blocked).await;
}

/// A 503 before anything is sent to the broker, and when to come back. What was sent, and not
/// confirmed in time, would have a reservation that the client may ask for.
async fn refused_at_once(stack: &Stack) -> Result<()> {
    let refused = stack.buyer.post_reservation(wish(), &[]).await?;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    assert!(refused.body["reservation"].is_null(), "{:?}", refused.body);
    assert!(refused.header("retry-after").parse::<u32>()? >= 1);
    Ok(())
}

/// Waits for a booking; one that was queued before and is told again counts.
async fn until_booked(stack: &Stack) {
    let booked = || async {
        let answer = stack.buyer.reserve("bob", &[3]).await;
        answer.is_ok_and(|answer| answer.status == 201 || answer.body["tickets"] == json!([3]))
    };
    e2e::eventually("a booking when the broker takes messages again", booked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_out_of_memory_and_then_stopped_is_a_503_at_once_and_needs_no_restart_of_ours()
-> Result<()> {
    let own = Own::start().await?;
    let stack = own.stack(Options::of(plans::seated(4))).await?;
    let held = stack.buyer.reserve("ada", &[1]).await?;
    own.rabbitmq.control(&["set_vm_memory_high_watermark", "0"])?;
    until_blocked(&stack).await;
    own.rabbitmq.stop()?;
    refused_at_once(&stack).await?;
    assert_eq!(stack.buyer.get("/readyz").await?.status, 503);
    assert_eq!(stack.buyer.get("/livez").await?.status, 200);
    let ready = format!("{}/readyz", stack.buyer.base());
    let unhealthy = stack.operate(&["healthcheck", &ready], &[]).await?;
    assert_eq!(unhealthy.code, 1, "{}", unhealthy.text);
    let queues = stack.operate(&["queues"], &[]).await?;
    assert_eq!(queues.code, 4, "{}", queues.text);
    let doctor = stack.operate(&["doctor"], &[]).await?;
    assert_eq!(doctor.code, 1, "{}", doctor.text);
    assert!(doctor.text.contains("FAIL  broker") && doctor.text.contains("-> start it"));
    assert!(doctor.text.contains("ok    postgres"), "only the broker: {}", doctor.text);
    assert_eq!(stack.buyer.reservation(held.id()).await?.state(), "held", "reads go on");
    own.rabbitmq.start_again()?;
    let healthy = || async {
        stack.operate(&["healthcheck", &ready], &[]).await.is_ok_and(|ran| ran.code == 0)
    };
    e2e::eventually("a healthy front door", healthy).await;
    until_booked(&stack).await;
    assert_eq!(stack.buyer.pay(held.id(), "4242424242424242").await?.status, 201);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_without_a_leader_stops_nobody_else_and_is_taken_up_again() -> Result<()> {
    let own = Own::start().await?;
    let mut plan = plans::seated(2);
    plan.sections = ["A", "B", "C", "D", "E", "F"].map(|name| plans::section(name, 40)).into();
    let options = Options { partitions: 4, ..Options::of(plan) }.workers(&["all"]);
    let mut stack = own.stack(options).await?;
    let topology = Topology::new(&stack.topology_settings());
    let of = |section| topology.request_partition(EventId(1), SectionNumber(section));
    let bad = of(1);
    let good = (2..=6).find(|section| of(*section) != bad).expect("not all are in one partition");
    let seat = |section: i32, number: i32| (section - 1) * 400 + number;
    assert_eq!(stack.buyer.reserve("ada", &[seat(1, 1)]).await?.status, 201);

    own.stop_leader(&stack.vhost.name, &Topology::request_queue(bad))?;
    stack.kill_worker(0)?;
    stack.add_worker("all", &[])?;
    stack.worker_ready(0).await?;
    let buyer = stack.buyer.clone();
    let hopeless = tokio::spawn(async move { buyer.reserve("bob", &[seat(1, 2)]).await });
    for number in 1..=100 {
        let other = stack.buyer.reserve("eve", &[seat(good, number)]).await?;
        assert_eq!(other.status, 201, "request {number} elsewhere: {:?}", other.body);
    }
    assert!(!hopeless.is_finished(), "the others do not wait for it");
    let hopeless = hopeless.await??;
    assert_eq!(hopeless.status, 503, "{:?}", hopeless.body);

    own.start_leader(&stack.vhost.name, &Topology::request_queue(bad))?;
    let again = || async {
        let answer = stack.buyer.reserve("eve", &[seat(1, 3)]).await;
        answer.is_ok_and(|answer| answer.status == 201)
    };
    e2e::eventually("a booking on the queue that has a leader again", again).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_out_of_disk_is_a_503_at_once_and_bookings_go_on_when_there_is_room_again()
-> Result<()> {
    let own = Own::start().await?;
    let stack = own.stack(Options::of(plans::seated(4))).await?;
    let held = stack.buyer.reserve("ada", &[1]).await?;
    own.rabbitmq.control(&["set_disk_free_limit", "1000000GB"])?;
    until_blocked(&stack).await;
    refused_at_once(&stack).await?;
    assert_eq!(stack.buyer.reservation(held.id()).await?.state(), "held", "reads go on");
    own.rabbitmq.control(&["set_disk_free_limit", "1MB"])?;
    until_booked(&stack).await;
    assert_eq!(stack.buyer.pay(held.id(), "4242424242424242").await?.status, 201);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_ends_when_its_time_is_up_though_both_servers_hang() -> Result<()> {
    let own = Own::start().await?;
    let options = Options::of(plans::seated(4)).workers(&[]).set("api__patience_ms", 300_000);
    let mut stack = own.stack(options).await?;
    stack.add_worker("all", &[("BOXOFFICE__WORKERS__DRAIN_MS", "2000")])?;
    stack.worker_ready(0).await?;
    let lock = stack.database.hang().await?;
    let body = json!({"customer": "ada", "tickets": [1]});
    let accepted = stack.buyer.post_reservation(body, &[]).await?;
    assert_eq!(accepted.status, 202, "{:?}", accepted.body);
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    let waits = || async { stack.database.count(waiting).await.is_ok_and(|count| count > 0) };
    e2e::eventually("a worker that hangs on the database", waits).await;
    own.rabbitmq.freeze()?;
    let worker = stack.workers.remove(0);
    let status = tokio::task::spawn_blocking(|| worker.terminate()).await??;
    own.rabbitmq.thaw()?;
    assert!(status.code().is_some(), "it had to be killed: {status}");
    drop(lock);
    stack.add_worker("all", &[])?;
    assert_eq!(stack.buyer.until(accepted.id(), &["held", "rejected"]).await?.state(), "held");
    stack.finish().await
}

/// A worker that is killed at a point gives its work to another one; clients see one outcome.
async fn killed_at(point: &'static str) -> Result<()> {
    let mut stack = Stack::start(Options::of(plans::seated(2)).workers(&["payments"])).await?;
    stack.add_worker("reservations", &[("BOXOFFICE_FAILPOINT", point)])?;
    stack.worker_ready(1).await?;
    let requests = (0..12).map(|number| {
        let buyer = stack.buyer.clone();
        async move { buyer.reserve(&format!("buyer {number}"), &[1 + number % 6]).await }
    });
    let answers = tokio::spawn(join_all(requests));
    stack.workers[1].message("failpoint reached").await?;
    stack.kill_worker(1)?;
    stack.add_worker("reservations", &[])?;
    let answers: Vec<Answer> = answers.await?.into_iter().collect::<Result<_>>()?;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 6);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 6);
    for answer in answers.iter().filter(|answer| answer.status == 201) {
        assert_eq!(stack.buyer.reservation(answer.id()).await?.state(), "held");
    }
    assert_eq!(stack.database.count("SELECT count(*) FROM reservations").await?, 12);
    stack.add_worker("expiry", &[])?;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_after_commit_and_before_telling_leaves_one_outcome() -> Result<()> {
    killed_at("reservations.committed").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_after_telling_and_before_acking_leaves_one_outcome() -> Result<()> {
    killed_at("reservations.told").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_before_the_commit_and_a_worker_killed_before_it_loses_nothing() -> Result<()>
{
    let mut stack =
        Stack::start(Options::of(plans::seated(2)).workers(&["payments", "expiry"])).await?;
    stack.add_worker("reservations", &[("BOXOFFICE_FAILPOINT", "transaction.written")])?;
    stack.worker_ready(2).await?;
    let buyer = stack.buyer.clone();
    let answer = tokio::spawn(async move {
        let body = json!({"customer": "ada", "tickets": [1, 2]});
        buyer.post_reservation(body, &[("prefer", "wait=4")]).await
    });
    stack.workers[2].message("failpoint reached").await?;
    // What was told would wake this client.
    let accepted = answer.await??;
    assert_eq!((accepted.status, accepted.state()), (202, "pending"), "{:?}", accepted.body);
    let rows = stack.database.count("SELECT count(*) FROM reservations").await?;
    assert_eq!(rows, 0, "nothing is committed");
    stack.kill_worker(2)?;
    stack.add_worker("reservations", &[])?;
    assert_eq!(stack.buyer.until(accepted.id(), &["held", "rejected"]).await?.state(), "held");
    stack.finish().await
}
