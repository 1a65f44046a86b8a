//! The worker pools without a front door: messages in, rows and messages out.

use anyhow::Result;
use booking::requests::Request;
use broker::Publication;
use broker::topology::{DEAD_LETTERS, REQUESTS, Topology};
use e2e::messages::{cancel, pay, reserve, send, send_payments};
use e2e::{Options, Stack, eventually, plans};

fn workers_only(rows: usize) -> Options {
    Options { api: false, ..Options::of(plans::seated(rows)) }
}

async fn reservations(stack: &Stack, number: i64) {
    let count = "SELECT count(*) FROM reservations";
    let enough = || async { stack.database.count(count).await.is_ok_and(|n| n == number) };
    eventually("decisions in the database", enough).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_delivered_twice_changes_nothing_the_second_time() -> Result<()> {
    let mut stack = Stack::start(workers_only(2)).await?;
    let held = reserve("ada", &[1, 2]);
    let paid = reserve("bob", &[3]);
    let lost = reserve("eve", &[2]);
    let gone = reserve("cid", &[4]);
    let requests = vec![
        Request::Reserve(held.clone()),
        Request::Reserve(paid.clone()),
        Request::Reserve(lost),
        Request::Reserve(gone.clone()),
        Request::Cancel(cancel(gone.id)),
    ];
    let payment = pay(paid.id);
    let state = "SELECT count(DISTINCT status) FROM reservations WHERE (status, revision) IN
                 (('held', 1), ('confirmed', 3), ('rejected', 1), ('cancelled', 2))";
    for _twice in 0..2 {
        send(&stack.publisher, 1, requests.clone()).await?;
        reservations(&stack, 4).await;
        send_payments(&stack.publisher, 1, vec![payment.clone()]).await?;
        let done = || async { stack.database.count(state).await.is_ok_and(|n| n == 4) };
        eventually("the same four states and revisions", done).await;
        stack.drained().await?;
    }
    // A stopping worker first finishes its work in hand.
    stack.stop_worker(0).await?;
    assert_eq!(stack.database.count(state).await?, 4);
    assert_eq!(stack.database.count("SELECT sum(calls)::bigint FROM gateway.charges").await?, 1);
    assert_eq!(stack.database.count("SELECT count(*) FROM tickets WHERE state = 'sold'").await?, 1);
    assert_eq!(stack.database.count("SELECT count(*) FROM tickets WHERE state = 'held'").await?, 2);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_overlapping_pairs_of_40_seats_with_workers_side_by_side_end_without_a_deadlock()
-> Result<()> {
    // The pairs are sent to all partitions at once. So several transactions need the same rows,
    // which one partition for the section would prevent.
    let stack = Stack::start(workers_only(4).workers(&["reservations", "reservations"])).await?;
    let mut pairs = Vec::new();
    for one in 1..=40 {
        for other in one + 1..=40 {
            let tickets = if (one + other) % 2 == 0 { [one, other] } else { [other, one] };
            pairs.push(Request::Reserve(reserve("ada", &tickets)));
        }
    }
    let number = pairs.len() as i64;
    for (partition, part) in pairs.chunks(13).enumerate() {
        send(&stack.publisher, (partition % 4) as u16, part.to_vec()).await?;
    }
    reservations(&stack, number).await;
    let count = async |query| stack.database.count(query).await;
    let held = count("SELECT count(*) FROM tickets WHERE state = 'held'").await?;
    let winners = count("SELECT count(*) FROM reservations WHERE status = 'held'").await?;
    assert_eq!(held, 2 * winners, "a pair is held whole or not at all");
    let stranded = "SELECT count(*) FROM (
        SELECT number FROM tickets WHERE state = 'available' LIMIT 2) AS free";
    assert!(count(stranded).await? < 2, "two free seats are a pair that nobody got");
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(count(deadlocks).await?, 0);
    let aborted = "SELECT count(*) FROM reservations WHERE status = 'rejected'
                   AND reason <> 'tickets_unavailable'";
    assert_eq!(count(aborted).await?, 0);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_that_overtakes_its_request_wins() -> Result<()> {
    let stack = Stack::start(workers_only(1)).await?;
    let request = reserve("ada", &[1]);
    send(&stack.publisher, 0, vec![Request::Cancel(cancel(request.id))]).await?;
    reservations(&stack, 1).await;
    send(&stack.publisher, 3, vec![Request::Reserve(request)]).await?;
    // A later request in the same partition is decided after it.
    send(&stack.publisher, 3, vec![Request::Reserve(reserve("bob", &[2]))]).await?;
    reservations(&stack, 2).await;
    let cancelled = "SELECT count(*) FROM reservations WHERE status = 'cancelled'";
    assert_eq!(stack.database.count(cancelled).await?, 1);
    let free = "SELECT count(*) FROM tickets WHERE number = 1 AND state = 'available'";
    assert_eq!(stack.database.count(free).await?, 1);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_request_is_singled_out_and_its_neighbours_are_decided() -> Result<()> {
    let stack = Stack::start(Options { dead_letters: 4, ..workers_only(1) }).await?;
    let mut requests: Vec<Request> =
        (1..=9).map(|seat| Request::Reserve(reserve("ada", &[seat]))).collect();
    // Postgres text cannot contain NUL. The front door refuses it, so the test publishes it
    // directly.
    requests.insert(4, Request::Reserve(reserve("nul\0", &[10])));
    let mut nowhere = reserve("ada", &[1]);
    nowhere.event = booking::ids::EventId(999);
    requests.push(Request::Reserve(nowhere));
    send(&stack.publisher, 0, requests).await?;
    for body in [b"no JSON".to_vec(), br#"{"v":1,"requests":[{"sing":{}}]}"#.to_vec()] {
        let key = Topology::partition_key(0);
        stack.publisher.publish(Publication::durable(REQUESTS, key, body)).await?;
    }
    let dead = || async { stack.vhost.waiting(DEAD_LETTERS).await.is_ok_and(|n| n == 4) };
    eventually("four dead letters", dead).await;
    let held = "SELECT count(*) FROM reservations WHERE status = 'held'";
    assert_eq!(stack.database.count(held).await?, 9);
    let rejected = "SELECT count(*) FROM reservations WHERE reason = 'internal_error'";
    assert_eq!(stack.database.count(rejected).await?, 1, "its buyer has an answer too");
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_older_than_its_patience_is_refused() -> Result<()> {
    let stack = Stack::start(workers_only(1)).await?;
    let mut request = reserve("ada", &[1]);
    request.accepted_at -= chrono::TimeDelta::seconds(31);
    send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
    reservations(&stack, 1).await;
    let late = "SELECT count(*) FROM reservations WHERE reason = 'too_late'";
    assert_eq!(stack.database.count(late).await?, 1);
    stack.finish().await
}
