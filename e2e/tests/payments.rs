//! Payments step by step, with crashes between the steps.

use anyhow::Result;
use booking::domain::CardBehaviour;
use booking::ids::ReservationId;
use booking::payments::Pay;
use booking::requests::Request;
use e2e::messages::{pay, reserve, send, send_payments};
use e2e::{Options, Stack, eventually, plans};
use testbed::process::Signal;

fn options(hold_seconds: i32) -> Options {
    let mut event = plans::seated(2);
    event.hold_seconds = hold_seconds;
    event.paying_seconds = 1;
    let options = Options { api: false, ..Options::of(event) };
    options.set("workers__gateway_timeout_ms", 500)
}

async fn hold(stack: &Stack, customer: &str, tickets: &[i32]) -> Result<ReservationId> {
    let request = reserve(customer, tickets);
    let id = request.id;
    send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
    until(stack, "SELECT count(*) FROM tickets WHERE state = 'held'", tickets.len() as i64).await;
    Ok(id)
}

async fn until(stack: &Stack, query: &'static str, number: i64) {
    let reached = || async { stack.database.count(query).await.is_ok_and(|n| n == number) };
    eventually(query, reached).await;
}

fn with(card: CardBehaviour, reservation: ReservationId) -> Pay {
    Pay { card, ..pay(reservation) }
}

const CONFIRMED: &str = "SELECT count(*) FROM reservations WHERE status = 'confirmed'";
const CALLS: &str = "SELECT coalesce(sum(calls), 0)::bigint FROM gateway.charges WHERE captured";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_payments_at_once_share_few_connections_and_none_waits_for_another() -> Result<()> {
    let options = Options { api: false, ..Options::of(plans::seated(20)) };
    let stack = Stack::start(options.set("database__connections_max", 4)).await?;
    let requests: Vec<_> = (1..=200).map(|n| reserve(&format!("buyer {n}"), &[n])).collect();
    let payments = requests.iter().map(|request| pay(request.id)).collect();
    send(&stack.publisher, 0, requests.into_iter().map(Request::Reserve).collect()).await?;
    until(&stack, "SELECT count(*) FROM tickets WHERE state = 'held'", 200).await;
    send_payments(&stack.publisher, 0, payments).await?;
    until(&stack, CONFIRMED, 200).await;
    assert_eq!(stack.database.count(CALLS).await?, 200, "nobody gave up and asked again");
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_asked_for_again_with_the_same_key_and_charged_once() -> Result<()> {
    let stack = Stack::start(options(600)).await?;
    let id = hold(&stack, "ada", &[1, 2]).await?;
    send_payments(&stack.publisher, 0, vec![with(CardBehaviour::LostAnswer, id)]).await?;
    until(&stack, CONFIRMED, 1).await;
    assert_eq!(stack.database.count(CALLS).await?, 2);
    let charges = "SELECT count(*) FROM gateway.charges WHERE captured AND amount = 5000";
    assert_eq!(stack.database.count(charges).await?, 1);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_card_leaves_the_hold_and_another_one_pays_it() -> Result<()> {
    let stack = Stack::start(options(600)).await?;
    let id = hold(&stack, "ada", &[1]).await?;
    for (card, reason) in [
        (CardBehaviour::Declined, "card_declined"),
        (CardBehaviour::InsufficientFunds, "insufficient_funds"),
        (CardBehaviour::ProcessingError, "processing_error"),
    ] {
        send_payments(&stack.publisher, 1, vec![with(card, id)]).await?;
        let refused = || async {
            let query = "SELECT count(*) FROM payments p JOIN reservations r
                         ON r.id = p.reservation_id AND r.status = 'held' WHERE p.reason = $1";
            let count = sqlx::query_scalar::<_, i64>(query).bind(reason);
            count.fetch_one(&stack.database.pool).await.is_ok_and(|n| n == 1)
        };
        eventually(reason, refused).await;
    }
    send_payments(&stack.publisher, 1, vec![with(CardBehaviour::ProcessingError, id)]).await?;
    until(&stack, CONFIRMED, 1).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_that_lands_after_the_hold_was_lost_has_the_same_tickets_again() -> Result<()> {
    let mut stack = Stack::start(options(1).workers(&["reservations", "expiry"])).await?;
    stack.add_worker("payments", &[("BOXOFFICE__WORKERS__GATEWAY_TIMEOUT_MS", "9000")])?;
    let id = hold(&stack, "ada", &[1, 2]).await?;
    send_payments(&stack.publisher, 0, vec![with(CardBehaviour::Slow, id)]).await?;
    until(&stack, "SELECT count(*) FROM reservations WHERE status = 'expired'", 1).await;
    until(&stack, CONFIRMED, 1).await;
    assert_eq!(stack.database.count("SELECT count(*) FROM tickets WHERE state = 'sold'").await?, 2);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_that_lands_after_the_tickets_were_lost_is_refunded_once() -> Result<()> {
    let mut stack = Stack::start(options(1).workers(&["reservations", "expiry"])).await?;
    stack.add_worker("payments", &[("BOXOFFICE__WORKERS__GATEWAY_TIMEOUT_MS", "9000")])?;
    let id = hold(&stack, "ada", &[1, 2]).await?;
    send_payments(&stack.publisher, 0, vec![with(CardBehaviour::Slow, id)]).await?;
    until(&stack, "SELECT count(*) FROM reservations WHERE status = 'expired'", 1).await;
    let other = hold(&stack, "bob", &[2]).await?;
    send_payments(&stack.publisher, 1, vec![pay(other)]).await?;
    until(&stack, CONFIRMED, 1).await;
    until(&stack, "SELECT count(*) FROM payments WHERE status = 'refunded'", 1).await;
    let refunded = "SELECT count(*) FROM gateway.charges WHERE refunded_at IS NOT NULL";
    assert_eq!(stack.database.count(refunded).await?, 1);
    let sold = "SELECT count(*) FROM tickets WHERE state = 'sold' AND number = 2";
    assert_eq!(stack.database.count(sold).await?, 1);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_at_any_step_of_a_payment_leaves_one_charge_and_one_sale() -> Result<()> {
    for point in ["payments.begun", "payments.charged", "payments.finished"] {
        let mut stack = Stack::start(options(600).workers(&["reservations"])).await?;
        stack.add_worker("payments", &[("BOXOFFICE_FAILPOINT", point)])?;
        stack.worker_ready(1).await?;
        let id = hold(&stack, "ada", &[1]).await?;
        send_payments(&stack.publisher, 0, vec![pay(id)]).await?;
        stack.workers[1].message("failpoint reached").await?;
        stack.kill_worker(1)?;
        stack.add_worker("payments", &[])?;
        until(&stack, CONFIRMED, 1).await;
        let once = "SELECT count(*) FROM gateway.charges WHERE captured";
        assert_eq!(stack.database.count(once).await?, 1, "{point}");
        stack.finish().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_payments_of_one_reservation_at_once_charge_one() -> Result<()> {
    let stack = Stack::start(options(600)).await?;
    let id = hold(&stack, "ada", &[1]).await?;
    for _ in 0..4 {
        send_payments(&stack.publisher, 0, vec![pay(id), pay(id)]).await?;
        send_payments(&stack.publisher, 1, vec![pay(id)]).await?;
    }
    until(&stack, "SELECT count(*) FROM payments WHERE status <> 'processing'", 12).await;
    until(&stack, CONFIRMED, 1).await;
    assert_eq!(stack.database.count(CALLS).await?, 1);
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_told_to_stop_fails_readiness_and_finishes_what_it_has_in_hand()
-> Result<()> {
    let mut stack = Stack::start(options(600).workers(&["reservations"])).await?;
    stack.add_worker("payments", &[("BOXOFFICE__WORKERS__GATEWAY_TIMEOUT_MS", "9000")])?;
    let id = hold(&stack, "ada", &[1]).await?;
    send_payments(&stack.publisher, 0, vec![with(CardBehaviour::Slow, id)]).await?;
    until(&stack, CALLS, 1).await;
    let mut worker = stack.workers.pop().expect("it pays");
    let admin = worker.message("listening").await?["admin"].as_str().map(str::to_owned);
    let url = format!("http://{}/readyz", admin.expect("its address"));
    worker.signal(Signal::TERM)?;
    let is_unready =
        || async { reqwest::get(&url).await.is_ok_and(|answer| answer.status().as_u16() == 503) };
    eventually("a worker that is not ready", is_unready).await;
    let ended = tokio::task::spawn_blocking(|| worker.ended()).await??;
    assert!(ended.success(), "{ended}");
    assert_eq!(stack.database.count(CONFIRMED).await?, 1, "it was finished, not given back");
    stack.finish().await
}
