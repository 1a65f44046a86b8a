//! The worker pools without a front door: messages in, rows and messages out.

use anyhow::Result;
use common::messages::Request;
use e2e::messages::{cancel, pay, reserve, send, send_payments};
use e2e::{Options, Stack, eventually, plans};

fn workers_only(rows: usize) -> Options {
    Options { api: false, ..Options::of(plans::seated(rows)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_delivered_twice_changes_nothing_the_second_time() -> Result<()> {
    let stack = Stack::start(workers_only(2)).await?;
    let (held, paid) = (reserve("ada", &[1, 2]), reserve("bob", &[3]));
    let (lost, gone) = (reserve("eve", &[2]), reserve("cid", &[4]));
    let requests = vec![
        Request::Reserve(held.clone()),
        Request::Reserve(paid.clone()),
        Request::Reserve(lost),
        Request::Reserve(gone.clone()),
        Request::Cancel(cancel(gone.id)),
    ];
    let payment = pay(paid.id);
    let state = "SELECT count(*) FROM reservations WHERE (status, revision) IN
                 (('held', 1), ('confirmed', 3), ('rejected', 1), ('cancelled', 2))";
    for _twice in 0..2 {
        send(&stack.publisher, 1, requests.clone()).await?;
        let decided = || async {
            stack.database.count("SELECT count(*) FROM reservations").await.is_ok_and(|n| n == 4)
        };
        eventually("four decisions", decided).await;
        send_payments(&stack.publisher, 1, vec![payment.clone()]).await?;
        let done = || async { stack.database.count(state).await.is_ok_and(|n| n == 4) };
        eventually("the same four states and revisions", done).await;
        stack.drained().await?;
    }
    assert_eq!(stack.database.count(state).await?, 4);
    assert_eq!(stack.database.count("SELECT sum(calls)::bigint FROM gateway.charges").await?, 1);
    assert_eq!(stack.database.count("SELECT count(*) FROM tickets WHERE state = 'sold'").await?, 1);
    assert_eq!(stack.database.count("SELECT count(*) FROM tickets WHERE state = 'held'").await?, 2);
    stack.finish().await
}
