//! Holds that expire: by the delay queues, at the database's time, even if messages are lost.

use anyhow::Result;
use booking::ids::EventId;
use booking::messages::{DueHold, DueHolds, Message as _, Prompt};
use booking::requests::Request;
use broker::Publication;
use broker::topology::HOLDS;
use e2e::messages::{pay, reserve, send, send_payments};
use e2e::{Options, Stack, eventually, plans, slowest};

/// Holds of this many seconds. Paying extends a hold by one second at most.
fn short_holds(hold_seconds: i32) -> Options {
    let mut event = plans::seated(6);
    event.hold_seconds = hold_seconds;
    event.paying_seconds = 1;
    Options { api: false, ..Options::of(event) }
}

/// Turns the sweep off, so that only the delay queues prompt the expiry of holds.
fn by_delay_queues_only(options: Options) -> Options {
    options.set("workers__overdue_sweep_interval_ms", 0).set("workers__sweep_at_start", false)
}

const EXPIRED: &str = "SELECT count(*) FROM reservations WHERE status = 'expired'";
/// How late the latest hold expired, in milliseconds.
const LATEST_MS: &str =
    "SELECT coalesce(max(extract(epoch FROM updated_at - expires_at) * 1000), 0)
                         ::bigint FROM reservations WHERE status = 'expired'";
/// Of a hold by the delay queues, beside what the machine needs for the work.
const LATE_MS: i64 = 200;

/// The latest hold was freed about as soon after it was due as the machine could do it now:
/// measured by requests, which go the same way through broker, worker and database.
async fn ensure_soon_after_due(stack: &Stack) -> Result<()> {
    let latest_ms = stack.database.count(LATEST_MS).await?;
    let one = slowest(|number| decided(stack, number)).await?;
    let limit_ms = LATE_MS + 10 * i64::try_from(one.as_millis())?;
    anyhow::ensure!(
        latest_ms < limit_ms,
        "freed {latest_ms} ms after being due, when one request takes {one:?}"
    );
    Ok(())
}

/// Sends the next request of a customer, and waits until it is decided.
async fn decided(stack: &Stack, number: i32) -> Result<()> {
    let seat = 40 + number;
    send(&stack.publisher, 0, vec![Request::Reserve(reserve("bob", &[seat]))]).await?;
    let of_bob = "SELECT count(*) FROM reservations WHERE customer = 'bob'";
    let wanted = i64::from(number) + 1;
    let is_decided = || async { stack.database.count(of_bob).await.is_ok_and(|n| n == wanted) };
    eventually("a decision", is_decided).await;
    Ok(())
}

const EARLY: &str = "SELECT count(*) FROM reservations
                     WHERE status = 'expired' AND updated_at < expires_at";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_of_2_s_is_free_soon_after_it_is_due_by_the_delay_queue() -> Result<()> {
    let stack = Stack::start(by_delay_queues_only(short_holds(2))).await?;
    for seat in 1..=20 {
        send(&stack.publisher, 0, vec![Request::Reserve(reserve("ada", &[seat]))]).await?;
    }
    let all = || async { stack.database.count(EXPIRED).await.is_ok_and(|n| n == 20) };
    eventually("twenty holds expired", all).await;
    ensure_soon_after_due(&stack).await?;
    assert_eq!(stack.database.count(EARLY).await?, 0);
    let prompts: Vec<_> =
        stack.workers[0].lines().into_iter().filter(|l| l["message"] == "holds expired").collect();
    assert!(!prompts.is_empty() && prompts.iter().all(|line| line["prompt"] == "Hold"));
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_of_a_length_without_a_queue_of_its_own_is_due_by_hops() -> Result<()> {
    let stack = Stack::start(by_delay_queues_only(short_holds(3))).await?;
    send(&stack.publisher, 0, vec![Request::Reserve(reserve("ada", &[1]))]).await?;
    let expired = || async { stack.database.count(EXPIRED).await.is_ok_and(|n| n == 1) };
    eventually("an expired hold", expired).await;
    ensure_soon_after_due(&stack).await?;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_whose_message_was_lost_is_found_by_the_sweep() -> Result<()> {
    let options = short_holds(1)
        .set("workers__overdue_sweep_interval_ms", 500)
        .set("workers__overdue_sweep_after_ms", 500)
        .set("workers__sweep_at_start", false);
    let stack = Stack::start(options).await?;
    send(&stack.publisher, 0, vec![Request::Reserve(reserve("ada", &[1, 2]))]).await?;
    let held = || async {
        stack.database.count("SELECT count(*) FROM reservations").await.is_ok_and(|n| n == 1)
    };
    eventually("a hold", held).await;
    // A hold without an expiry message, as if the broker had lost it.
    let orphan = "WITH r AS (INSERT INTO reservations
            (event_id, id, revision, status, fingerprint, created_at, updated_at, expires_at,
             currency, customer, tickets, prices)
         SELECT 1, gen_random_uuid(), 1, 'held', 0, now(), now(), now() + interval '100 ms',
                'EUR', 'bob', '{9}', '{2500}' RETURNING *),
         h AS (INSERT INTO reservation_history
            (at, reservation_id, event_id, revision, became, expires_at, cause, tickets)
         SELECT updated_at, id, event_id, revision, status, expires_at, 'requests.00', tickets
         FROM r),
         s AS (UPDATE sections SET available = available - 1, version = version + 1 RETURNING 1)
         UPDATE tickets SET state = 'held', reservation_id = r.id, expires_at = r.expires_at
         FROM r, s WHERE number = 9";
    sqlx::query(orphan).execute(&stack.database.pool).await?;
    let both = || async { stack.database.count(EXPIRED).await.is_ok_and(|n| n == 2) };
    eventually("both expired", both).await;
    let audit =
        |line: &serde_json::Value| line["message"] == "holds expired" && line["prompt"] == "Sweep";
    stack.workers[0].line(audit).await?;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overdue_hold_is_taken_over_although_no_expiry_worker_runs() -> Result<()> {
    let stack = Stack::start(short_holds(1).workers(&["reservations"])).await?;
    send(&stack.publisher, 0, vec![Request::Reserve(reserve("ada", &[1, 2]))]).await?;
    let due = "SELECT count(*) FROM tickets WHERE state = 'held' AND expires_at <= now()";
    let is_due = || async { stack.database.count(due).await.is_ok_and(|n| n == 2) };
    eventually("an overdue hold", is_due).await;
    send(&stack.publisher, 0, vec![Request::Reserve(reserve("bob", &[2]))]).await?;
    let taken = || async { stack.database.count(EXPIRED).await.is_ok_and(|n| n == 1) };
    eventually("the takeover", taken).await;
    let of_bob = "SELECT count(*) FROM tickets t JOIN reservations r ON r.id = t.reservation_id
                  WHERE r.customer = 'bob' AND t.number = 2 AND t.state = 'held'";
    assert_eq!(stack.database.count(of_bob).await?, 1);
    let free = "SELECT count(*) FROM tickets WHERE number = 1 AND state = 'available'";
    assert_eq!(stack.database.count(free).await?, 1, "the other seat of the lost hold is free");
    stack.database.audit().await?;
    let mut stack = stack;
    stack.add_worker("expiry", &[])?;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_around_the_moment_of_expiry_ends_in_exactly_one_of_confirmed_or_expired()
-> Result<()> {
    let stack = Stack::start(short_holds(1)).await?;
    let mut payments = Vec::new();
    for seat in 1..=60 {
        let request = reserve("ada", &[seat]);
        payments.push(pay(request.id));
        send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
        let held = "SELECT count(*) FROM reservations";
        let held =
            || async { stack.database.count(held).await.is_ok_and(|n| n == i64::from(seat)) };
        eventually("a hold", held).await;
        // Each payment comes between 50 ms before and 50 ms after its hold is due.
        let publisher = stack.publisher.clone();
        let payment = payments[payments.len() - 1].clone();
        let wait = std::time::Duration::from_millis(950 + (seat as u64 * 7) % 100);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            send_payments(&publisher, 0, vec![payment]).await
        });
    }
    let over = "SELECT count(*) FROM reservations r JOIN payments p ON p.reservation_id = r.id
                WHERE (r.status = 'confirmed' AND p.status = 'succeeded')
                   OR (r.status = 'expired' AND p.status = 'failed' AND p.reason = 'expired')";
    let all = || async { stack.database.count(over).await.is_ok_and(|n| n == 60) };
    eventually("sixty payments that are over", all).await;
    let confirmed = "SELECT count(*) FROM reservations WHERE status = 'confirmed'";
    let confirmed = stack.database.count(confirmed).await?;
    let captured = "SELECT count(*) FROM gateway.charges WHERE captured AND refunded_at IS NULL";
    assert_eq!(stack.database.count(captured).await?, confirmed, "money and tickets agree");
    let sold = "SELECT count(*) FROM tickets WHERE state = 'sold'";
    assert_eq!(stack.database.count(sold).await?, confirmed);
    assert!(confirmed > 0 && confirmed < 60, "both endings were met: {confirmed} confirmed");
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn early_repeated_and_stray_prompts_change_nothing_wrong() -> Result<()> {
    let stack = Stack::start(by_delay_queues_only(short_holds(2))).await?;
    let request = reserve("ada", &[1]);
    let stray = reserve("eve", &[2]);
    let prompt = |id| DueHold { event: EventId(1), reservation: id, due_at: process::clock::now() };
    let prompts =
        DueHolds::new(Prompt::Hold, vec![prompt(request.id), prompt(stray.id), prompt(request.id)]);
    send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
    for state in ["held", "expired"] {
        let reached = || async {
            let query = "SELECT status::text FROM reservations";
            let status = sqlx::query_scalar::<_, String>(query);
            status.fetch_one(&stack.database.pool).await.is_ok_and(|status| status == state)
        };
        eventually(state, reached).await;
        for _twice in 0..2 {
            let message = Publication::durable(HOLDS, "due".to_owned(), prompts.encode());
            stack.publisher.publish(message).await?;
        }
        stack.drained().await?;
    }
    assert_eq!(stack.database.count(EARLY).await?, 0);
    assert_eq!(stack.database.count("SELECT revision::bigint FROM reservations").await?, 2);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_whose_clocks_are_an_hour_wrong_free_holds_neither_early_nor_late() -> Result<()> {
    const HOUR_MS: i64 = 3_600_000;
    for offset_ms in [HOUR_MS, -HOUR_MS] {
        let mut stack = Stack::start(short_holds(2).workers(&["reservations"])).await?;
        let offset = offset_ms.to_string();
        stack.add_worker("expiry", &[("BOXOFFICE_CLOCK_OFFSET_MS", &offset)])?;
        stack.worker_ready(1).await?;
        let request = reserve("ada", &[1]);
        let due =
            DueHold { event: EventId(1), reservation: request.id, due_at: request.accepted_at };
        send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
        let held = "SELECT count(*) FROM reservations WHERE status = 'held'";
        let is_held = || async { stack.database.count(held).await.is_ok_and(|n| n == 1) };
        eventually("a hold", is_held).await;
        let early = DueHolds::new(Prompt::Hold, vec![due]).encode();
        stack.publisher.publish(Publication::durable(HOLDS, "due".to_owned(), early)).await?;
        let expired = || async { stack.database.count(EXPIRED).await.is_ok_and(|n| n == 1) };
        eventually("an expired hold", expired).await;
        assert_eq!(stack.database.count(EARLY).await?, 0, "its clock is {offset_ms} ms wrong");
        stack.finish().await?;
    }
    Ok(())
}
