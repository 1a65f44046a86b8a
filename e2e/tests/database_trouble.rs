//! Trouble of the whole database, which no request has caused: nothing is given up because of it,
//! and when it is over, service goes on.

use std::time::Duration;

use anyhow::{Context, Result};
use booking::requests::Request;
use e2e::messages::{reserve, send};
use e2e::{Options, Own, Stack, plans};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::timeout;

const ROLES: &str = include_str!("../../postgres/roles.sql");
/// When service must be there again.
const SERVICE_WITHIN: Duration = Duration::from_secs(5);

async fn run(connection: &mut PgConnection, statements: &str) -> Result<()> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await?;
    Ok(())
}

/// How often the first worker has tried a transaction again because of this.
fn attempts(stack: &Stack, cause: &str) -> usize {
    let is_attempt = |line: &&Value| {
        let said = line["cause"].as_str().unwrap_or_default();
        line["message"] == "trying again" && said.contains(cause)
    };
    stack.workers[0].lines().iter().filter(is_attempt).count()
}

async fn until_tried_again(stack: &Stack, cause: &str, before: usize) {
    let tried = || async { attempts(stack, cause) > before };
    e2e::eventually(cause, tried).await;
}

async fn until_held(stack: &Stack, number: i64) -> Result<()> {
    let held = "SELECT count(*) FROM reservations WHERE status = 'held'";
    let all = async {
        while stack.database.count(held).await? != number {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    timeout(SERVICE_WITHIN, all).await.context("no service within the time")?
}

/// The alert on the database's trouble is made of this.
async fn retries(stack: &Stack) -> Result<f64> {
    let metrics = stack.metrics(&stack.workers[0]).await?;
    Ok(metrics.sum("boxoffice_transaction_retries_total", &[("cause", "database")]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_are_given_anew_under_load_give_up_no_request() -> Result<()> {
    const ROUNDS: i32 = 5;
    let own = Own::start().await?;
    let options = Options { api: false, ..Options::of(plans::seated(ROUNDS as usize)) };
    let mut stack = own.stack(options.workers(&[])).await?;
    let mut owner = PgConnection::connect(&stack.database.url).await?;
    run(&mut owner, ROLES).await?;
    run(&mut owner, "CREATE ROLE worker_1 LOGIN PASSWORD 'one' IN ROLE boxoffice_workers").await?;
    let (scheme, rest) = stack.database.url.split_once("://").context("a URL")?;
    let (_, host) = rest.split_once('@').context("a URL with a user")?;
    let url = format!("{scheme}://worker_1:one@{host}");
    stack.add_worker("all", &[("BOXOFFICE__DATABASE__URL", &url)])?;
    stack.worker_ready(0).await?;
    // As psql applies it: each part is committed on its own, and rights are missing in between.
    let parts: Vec<&str> = ROLES.split("\n\n").collect();
    let revoke = parts.iter().position(|part| part.contains("REVOKE ALL")).context("a revoke")?;
    for round in 0..ROUNDS {
        let before = attempts(&stack, "");
        for (number, part) in parts.iter().enumerate() {
            run(&mut owner, part).await?;
            if number == revoke {
                for seat in 1..=10 {
                    let request = Request::Reserve(reserve("ada", &[round * 10 + seat]));
                    send(&stack.publisher, (seat % 4) as u16, vec![request]).await?;
                }
                until_tried_again(&stack, "", before).await;
            }
        }
        until_held(&stack, i64::from(round + 1) * 10).await?;
    }
    assert!(retries(&stack).await? > 0.0, "the alert would not fire");
    stack.finish().await
}

/// Switches the server between taking writes and taking none.
async fn switch(admin: &mut PgConnection, how: &str, read_only: bool) -> Result<()> {
    // Reset and not set to false: a value of the database would go before one of the server.
    let change = if read_only {
        "SET default_transaction_read_only = true"
    } else {
        "RESET default_transaction_read_only"
    };
    run(admin, &format!("{how} {change}")).await?;
    run(admin, "SELECT pg_reload_conf()").await?;
    if read_only {
        // As in a failover: who connects now meets a server that takes no writes.
        let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                      WHERE application_name = 'workers'";
        sqlx::query(others).execute(admin).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes_for_a_while_costs_no_request() -> Result<()> {
    const CAUSE: &str = "read-only transaction";
    let own = Own::start().await?;
    let stack = own.stack(Options::of(plans::seated(2))).await?;
    let mut admin = PgConnection::connect(&own.postgres.url("postgres")).await?;
    run(&mut admin, "SET default_transaction_read_only = off").await?;
    let (_, name) = stack.database.url.rsplit_once('/').context("a database")?;
    let paid = stack.buyer.reserve("ada", &[20]).await?;
    assert_eq!(paid.status, 201, "{:?}", paid.body);
    let by_database = format!("ALTER DATABASE {name}");
    for (round, how) in [by_database.as_str(), "ALTER SYSTEM"].into_iter().enumerate() {
        let before = attempts(&stack, CAUSE);
        switch(&mut admin, how, true).await?;
        let seat = round as i32 + 1;
        let body = json!({"customer": "ada", "tickets": [seat]});
        let accepted = stack.buyer.post_reservation(body, &[]).await?;
        assert_eq!(accepted.status, 202, "{:?}", accepted.body);
        // More than once: every connection is such a one by now.
        until_tried_again(&stack, CAUSE, before + 2).await;
        switch(&mut admin, how, false).await?;
        let decided = stack.buyer.until(accepted.id(), &["held", "rejected"]);
        let decided = timeout(SERVICE_WITHIN, decided).await.context("no service in time")??;
        assert_eq!(decided.state(), "held");
    }
    assert!(retries(&stack).await? > 0.0, "the alert would not fire");
    assert_eq!(stack.buyer.pay(paid.id(), "4242424242424242").await?.status, 201);
    stack.finish().await
}
