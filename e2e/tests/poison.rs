//! One message that the database refuses, among good ones, at each of the four steps that decide
//! many together: its neighbours are done, it goes to the dead letters alone, and once the cause is
//! gone it can be replayed.

use anyhow::Result;
use booking::ids::{PaymentId, ReservationId};
use booking::messages::{BatchOutcome, Message as _};
use booking::payments::Pay;
use booking::requests::Request;
use broker::topology::{DEAD_LETTERS, OUTCOMES};
use broker::{Connection, Feed};
use e2e::messages::{pay, reserve, send, send_payments};
use e2e::{Options, PATIENCE, Stack, eventually, plans};
use sqlx::{AssertSqlSafe, Executor};

const MANY: i32 = 7;
const HELD: &str = "SELECT count(*) FROM reservations WHERE status = 'held'";
const CONFIRMED: &str = "SELECT count(*) FROM reservations WHERE status = 'confirmed'";
const EXPIRED: &str = "SELECT count(*) FROM reservations WHERE status = 'expired'";
const CHARGED: &str = "SELECT count(*) FROM gateway.charges WHERE captured";

fn workers_only(hold_seconds: i32) -> Options {
    let mut event = plans::seated(1);
    event.hold_seconds = hold_seconds;
    Options { api: false, ..Options::of(event) }
}

/// From now on the database refuses such rows of a table, as it refuses what breaks a constraint.
async fn refuse(stack: &Stack, table: &str, rows: &str) -> Result<()> {
    let statements = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE 'poison' USING ERRCODE = 'check_violation'; END $$;
         CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({rows})
             EXECUTE FUNCTION refuse()"
    );
    stack.database.pool.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
    Ok(())
}

async fn accept(stack: &Stack, table: &str) -> Result<()> {
    let statement = format!("DROP TRIGGER poison ON {table}");
    stack.database.pool.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    Ok(())
}

async fn until(stack: &Stack, query: &'static str, number: i32) {
    let reached =
        || async { stack.database.count(query).await.is_ok_and(|n| n == i64::from(number)) };
    eventually(query, reached).await;
}

async fn until_one_dead_letter(stack: &Stack) {
    let dead = || async { stack.vhost.waiting(DEAD_LETTERS).await.is_ok_and(|n| n == 1) };
    eventually("one dead letter", dead).await;
}

async fn replay(stack: &Stack) -> Result<()> {
    let replayed = stack.operate(&["dead-letters", "replay", "--all"], &[]).await?;
    assert!(replayed.code == 0 && replayed.text.contains("1 replayed, 0 left"), "{replayed:?}");
    Ok(())
}

/// Holds a seat for each of many buyers.
async fn hold_many(stack: &Stack) -> Result<Vec<ReservationId>> {
    let requests: Vec<_> = (1..=MANY).map(|seat| reserve("ada", &[seat])).collect();
    let ids = requests.iter().map(|request| request.id).collect();
    send(&stack.publisher, 0, requests.into_iter().map(Request::Reserve).collect()).await?;
    until(stack, HELD, MANY).await;
    Ok(ids)
}

/// A payment of each, with patience for a replay.
fn payments(reservations: &[ReservationId]) -> Vec<Pay> {
    reservations.iter().map(|id| Pay { patience_ms: 600_000, ..pay(*id) }).collect()
}

/// Hears what front doors hear.
async fn listen(stack: &Stack) -> Result<(Connection, Feed)> {
    let connection = Connection::open(&stack.vhost.settings(), "a test").await?;
    let feed = Feed::open_at(&connection, OUTCOMES, "#").await?;
    Ok((connection, feed))
}

/// The first that is announced of a payment.
async fn announced(feed: &mut Feed, id: PaymentId) -> Result<(String, Option<String>)> {
    let find = async {
        loop {
            let outcomes = BatchOutcome::decode(&feed.next().await?)?;
            if let Some(payment) = outcomes.payments.iter().find(|payment| payment.id == id) {
                let reason = payment.reason.map(|reason| reason.to_string());
                return anyhow::Ok((payment.status.to_string(), reason));
            }
        }
    };
    tokio::time::timeout(PATIENCE, find).await?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_reservation_is_replayed_once_the_cause_is_gone() -> Result<()> {
    let stack = Stack::start(workers_only(600)).await?;
    let mut requests: Vec<_> = (1..=MANY).map(|seat| reserve("ada", &[seat])).collect();
    for request in &mut requests {
        request.patience_ms = 600_000;
    }
    refuse(&stack, "reservations", &format!("NEW.id = '{}'", requests[3].id)).await?;
    send(&stack.publisher, 0, requests.into_iter().map(Request::Reserve).collect()).await?;
    until_one_dead_letter(&stack).await;
    until(&stack, HELD, MANY - 1).await;
    accept(&stack, "reservations").await?;
    replay(&stack).await?;
    until(&stack, HELD, MANY).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_cannot_be_begun_fails_for_its_buyer_and_can_be_replayed() -> Result<()> {
    let stack = Stack::start(workers_only(600)).await?;
    let payments = payments(&hold_many(&stack).await?);
    let poison = payments[2].id;
    refuse(&stack, "payments", &format!("NEW.id = '{poison}'")).await?;
    let (_connection, mut feed) = listen(&stack).await?;
    send_payments(&stack.publisher, 0, payments).await?;
    let failed = ("failed".to_owned(), Some("internal_error".to_owned()));
    assert_eq!(announced(&mut feed, poison).await?, failed);
    until_one_dead_letter(&stack).await;
    until(&stack, CONFIRMED, MANY - 1).await;
    until(&stack, CHARGED, MANY - 1).await;
    accept(&stack, "payments").await?;
    replay(&stack).await?;
    until(&stack, CONFIRMED, MANY).await;
    until(&stack, CHARGED, MANY).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_failure_was_written_keeps_that_answer_when_it_is_replayed() -> Result<()> {
    let stack = Stack::start(workers_only(600)).await?;
    let mut payments = payments(&hold_many(&stack).await?);
    // Postgres has no text with a NUL; the front door lets none through.
    payments[2].card_last4 = "42\0".to_owned();
    let poison = payments[2].id;
    let (_connection, mut feed) = listen(&stack).await?;
    send_payments(&stack.publisher, 0, payments).await?;
    let failed = ("failed".to_owned(), Some("internal_error".to_owned()));
    assert_eq!(announced(&mut feed, poison).await?, failed);
    until_one_dead_letter(&stack).await;
    let written = "SELECT count(*) FROM payments
                   WHERE status = 'failed' AND reason = 'internal_error'";
    until(&stack, written, 1).await;
    until(&stack, CONFIRMED, MANY - 1).await;
    replay(&stack).await?;
    assert_eq!(announced(&mut feed, poison).await?, failed);
    stack.drained().await?;
    until(&stack, CHARGED, MANY - 1).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_whose_payment_cannot_be_finished_is_kept_and_its_replay_charges_nothing_more()
-> Result<()> {
    let stack = Stack::start(workers_only(600)).await?;
    let payments = payments(&hold_many(&stack).await?);
    let poison = payments[4].id;
    let finished = format!("NEW.id = '{poison}' AND NEW.status <> 'processing'");
    refuse(&stack, "payments", &finished).await?;
    send_payments(&stack.publisher, 0, payments).await?;
    until_one_dead_letter(&stack).await;
    until(&stack, CONFIRMED, MANY - 1).await;
    until(&stack, CHARGED, MANY).await;
    until(&stack, "SELECT count(*) FROM payments WHERE status = 'processing'", 1).await;
    accept(&stack, "payments").await?;
    replay(&stack).await?;
    until(&stack, CONFIRMED, MANY).await;
    until(&stack, CHARGED, MANY).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_cannot_be_recorded_is_recorded_by_a_replay() -> Result<()> {
    // The charge is answered after the hold is over and its seat is another buyer's.
    let mut event = plans::seated(1);
    event.hold_seconds = 2;
    event.paying_seconds = 1;
    let options = Options { api: false, ..Options::of(event) }.workers(&["reservations"]);
    let mut stack = Stack::start(options).await?;
    stack.add_worker("payments", &[])?;
    stack.add_worker("expiry", &[])?;
    stack.worker_ready(1).await?;
    let request = reserve("ada", &[1]);
    let slow = Pay { card: booking::domain::CardBehaviour::Slow, ..pay(request.id) };
    send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
    until(&stack, HELD, 1).await;
    let refunded = format!("NEW.id = '{}' AND NEW.status = 'refunded'", slow.id);
    refuse(&stack, "payments", &refunded).await?;
    send_payments(&stack.publisher, 0, vec![slow]).await?;
    until(&stack, EXPIRED, 1).await;
    let other = reserve("bob", &[1]);
    let paid = pay(other.id);
    send(&stack.publisher, 0, vec![Request::Reserve(other)]).await?;
    until(&stack, HELD, 1).await;
    // Sold, because a hold might be over before the slow charge is answered.
    send_payments(&stack.publisher, 1, vec![paid]).await?;
    until(&stack, CONFIRMED, 1).await;
    until_one_dead_letter(&stack).await;
    until(&stack, "SELECT count(*) FROM payments WHERE refund_due", 1).await;
    accept(&stack, "payments").await?;
    replay(&stack).await?;
    until(&stack, "SELECT count(*) FROM payments WHERE status = 'refunded'", 1).await;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_cannot_be_freed_keeps_no_other_and_is_freed_by_a_replay() -> Result<()> {
    let options = workers_only(2).set("workers__overdue_sweep_interval_ms", 0);
    let stack = Stack::start(options.set("workers__sweep_at_start", false)).await?;
    let ids = hold_many(&stack).await?;
    let freed = format!("NEW.id = '{}' AND NEW.status = 'expired'", ids[5]);
    refuse(&stack, "reservations", &freed).await?;
    until_one_dead_letter(&stack).await;
    until(&stack, EXPIRED, MANY - 1).await;
    accept(&stack, "reservations").await?;
    replay(&stack).await?;
    until(&stack, EXPIRED, MANY).await;
    stack.finish().await
}
