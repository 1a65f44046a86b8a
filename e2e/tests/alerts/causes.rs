//! One after another, what the alerts are for is made to happen, and mended.

use std::time::Duration;

use anyhow::{Context, Result};
use broker::Message;
use broker::topology::{DEAD_LETTERS, REQUESTS, Topology};
use e2e::{Buyer, Database, Options, Stack, Vhost, eventually, plans};
use reqwest::Method;
use serde_json::json;
use testbed::process::Signal;
use testbed::servers::Keep;
use testbed::servers::postgres::{Options as PgOptions, Postgres};
use testbed::servers::rabbitmq::RabbitMq;

use crate::prometheus::Prometheus;
use crate::rules;

const RESERVATIONS: usize = 0;
const EXPIRY: usize = 2;
const PLACES: usize = 10;

/// A system on servers of its own, watched by a Prometheus of its own.
struct Watched {
    stack: Stack,
    prometheus: Prometheus,
    rabbitmq: RabbitMq,
    _postgres: Postgres,
    seen: Vec<&'static str>,
    seats: std::ops::RangeFrom<i32>,
}

impl Watched {
    async fn start() -> Result<Self> {
        let name = format!("own-{}", uuid::Uuid::new_v4());
        let dir = testbed::checkout::target().join("test").join(name);
        let start = move || {
            let postgres = Postgres::start(&dir.join("postgres"), PgOptions::test())?;
            anyhow::Ok((postgres, RabbitMq::start(&dir.join("rabbitmq"), Keep::Data)?))
        };
        let (postgres, rabbitmq) = tokio::task::spawn_blocking(start).await??;
        let database = Database::create(&postgres.url("postgres"), false).await?;
        let vhost = Vhost::create(&rabbitmq.amqp_url("/"), &rabbitmq.management_url()).await?;
        let mut event = plans::seated(10);
        event.hold_seconds = 3;
        let options = Options::of(event)
            .workers(&["reservations", "payments", "expiry"])
            .set("workers__audit_interval_ms", 500)
            .set("workers__overdue_sweep_interval_ms", 500)
            .set("workers__overdue_sweep_after_ms", 1_000)
            .set("workers__gateway_timeout_ms", 400)
            .set("database__lock_timeout_ms", 300)
            .set("api__waiters_max", PLACES);
        let stack = Stack::on(database, vhost, options).await?;
        let prometheus = Prometheus::start().await?;
        prometheus.follow(&stack).await?;
        let (seen, seats) = (Vec::new(), 1..);
        Ok(Self { stack, prometheus, rabbitmq, _postgres: postgres, seen, seats })
    }

    async fn fires(&mut self, alert: &'static str) {
        self.prometheus.fires(alert).await;
        self.seen.push(alert);
    }

    /// Asks for a seat that nobody wanted before; it need not be decided.
    async fn ask(&mut self) -> Result<String> {
        let seat = self.seats.next().context("a seat")?;
        let body = json!({"customer": "ada", "tickets": [seat]});
        Ok(self.stack.buyer.post_reservation(body, &[]).await?.id().to_owned())
    }

    /// Holds such a seat.
    async fn hold(&mut self) -> Result<String> {
        let id = self.ask().await?;
        self.stack.buyer.until(&id, &["held"]).await?;
        Ok(id)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alert_fires_from_its_cause_and_clears() -> Result<()> {
    let mut watched = Watched::start().await?;
    what_needs_a_person(&mut watched).await?;
    stopped_pool(&mut watched).await?;
    lost_prompts(&mut watched).await?;
    hanging_worker(&mut watched).await?;
    locked_database(&mut watched).await?;
    stopped_broker(&mut watched).await?;
    for alert in rules::alerts()? {
        assert!(watched.seen.contains(&alert.as_str()), "{alert} was not made to fire");
        watched.prometheus.clears(&alert).await;
    }
    watched.prometheus.stop()?;
    watched.stack.finish().await
}

/// A poison message, a row that breaks an invariant, a gateway that does not answer at once, and more
/// clients than there are places.
async fn what_needs_a_person(watched: &mut Watched) -> Result<()> {
    let letter = Message::durable(REQUESTS, Topology::partition_key(0), b"no JSON".to_vec());
    watched.stack.publisher.publish(letter).await?;
    let query = "UPDATE sections SET available = available + $1 WHERE event_id = 1";
    sqlx::query(query).bind(-1).execute(&watched.stack.database.pool).await?;
    let id = watched.hold().await?;
    let paid = watched.stack.buyer.pay(&id, "4000000000000408").await?;
    assert_eq!(paid.status, 201, "{:?}", paid.body);
    let url = format!("{}/api/v1/events/1/stream", watched.stack.buyer.base());
    let mut streams = Vec::new();
    for _ in 0..PLACES {
        streams.push(reqwest::get(&url).await?.error_for_status()?);
    }
    for alert in ["GatewayFails", "DeadLetters", "InvariantBroken", "WaitersNearLimit"] {
        watched.fires(alert).await;
    }
    watched.stack.vhost.purge(DEAD_LETTERS).await?;
    sqlx::query(query).bind(1).execute(&watched.stack.database.pool).await?;
    drop(streams);
    Ok(())
}

/// The expiry pool is gone when a hold is due.
async fn stopped_pool(watched: &mut Watched) -> Result<()> {
    let id = watched.hold().await?;
    watched.stack.kill_worker(EXPIRY)?;
    watched.fires("ProcessDown").await;
    watched.fires("QueueWithoutWorkers").await;
    watched.stack.add_worker("expiry", &[])?;
    watched.stack.worker_ready(EXPIRY).await?;
    watched.prometheus.follow(&watched.stack).await?;
    watched.stack.buyer.until(&id, &["expired"]).await?;
    Ok(())
}

/// What should prompt the expiry of a hold is thrown away; the audit finds it, late.
async fn lost_prompts(watched: &mut Watched) -> Result<()> {
    let id = watched.hold().await?;
    let delays = watched.stack.topology_settings().delays_ms;
    let due = || async {
        for delay in &delays {
            let _none = watched.stack.vhost.purge(&format!("holds.delay.{delay}")).await;
        }
        let answer = watched.stack.buyer.reservation(&id).await;
        answer.is_ok_and(|answer| answer.state() == "expired")
    };
    eventually("the end of the hold", due).await;
    watched.fires("PromptsLost").await;
    watched.fires("HoldsExpireLate").await;
    Ok(())
}

/// The only reservation worker runs and does nothing.
async fn hanging_worker(watched: &mut Watched) -> Result<()> {
    watched.stack.workers[RESERVATIONS].signal(Signal::STOP)?;
    for _ in 0..8 {
        // A rise is seen between two looks of Prometheus.
        watched.ask().await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    watched.fires("NoOutcomes").await;
    watched.stack.workers[RESERVATIONS].signal(Signal::CONT)?;
    watched.fires("OutcomesSlow").await;
    watched.stack.drained().await?;
    Ok(())
}

/// Somebody locks what everybody needs.
async fn locked_database(watched: &mut Watched) -> Result<()> {
    let mut lock = watched.stack.database.pool.begin().await?;
    sqlx::query("LOCK TABLE sections IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    let id = watched.ask().await?;
    watched.fires("DatabaseAway").await;
    watched.fires("QueueFallsBehind").await;
    watched.fires("AuditOverdue").await;
    lock.rollback().await?;
    watched.stack.buyer.until(&id, &["held", "expired"]).await?;
    Ok(())
}

async fn stopped_broker(watched: &mut Watched) -> Result<()> {
    watched.rabbitmq.stop()?;
    watched.fires("BrokerAway").await;
    watched.fires("OutcomesNotHeard").await;
    let buyer: Buyer = watched.stack.buyer.clone();
    let body = || Some(json!({"customer": "ada", "tickets": [1]}));
    for _ in 0..3 {
        let path = "/api/v1/events/1/reservations";
        assert_eq!(buyer.ask(Method::POST, path, &[], body()).await?.status, 503);
    }
    watched.fires("RequestsNotAccepted").await;
    watched.rabbitmq.start_again()?;
    Ok(())
}
