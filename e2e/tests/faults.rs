//! A short run of the fault harness: many concurrent faults, and nothing lost or contradicted.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use broker::Publisher;
use broker::topology::Topology;
use e2e::faults::{Balancer, Kind, Plan, Role, World, play, play_with, settle};
use e2e::{Buyer, Options, Own, PATIENCE, Stack, eventually, plans};
use process::settings;
use reqwest::Method;
use serde_json::json;
use testbed::process::Signal;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Set `BOXOFFICE_FAULTS_SEED=7` for another run: `cargo test -p e2e --test faults`.
const SEED: u64 = 2_026;

/// One run at a time: a small machine has no memory and no CPU for two.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_every_accepted_request_has_one_outcome_and_no_answer_contradicts_it()
-> Result<()> {
    let _alone = ALONE.lock().await;
    let seed = std::env::var("BOXOFFICE_FAULTS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or(SEED);
    let world = Arc::new(World::start().await?);
    let plan = Plan {
        seed,
        lasts: Duration::from_secs(30),
        customers_per_second: 15,
        settle: Duration::from_secs(90),
        lanes: vec![Kind::PROCESSES, Kind::NETWORKS, Kind::SERVERS],
    };
    let wrong = play(&world, &plan, 0).await;
    let figures = world.count.figures();
    let report = format!("seed: {seed}\n{figures}");
    if !matches!(&wrong, Ok(wrong) if wrong.is_empty()) {
        world.keep_logs().await?;
    }
    assert_eq!(wrong?, Vec::<String>::new(), "{report}");
    assert!(figures.accepted >= 20, "too few requests were accepted to prove anything: {report}");
    assert_eq!(world.stop().await?, 0, "processes that did not end in good order: {report}");
    Ok(())
}

/// Replaces every process in turn: SIGTERM, the end in time, and a new process with these settings
/// that becomes ready.
async fn exchange_all(world: &World, settings: &[(&str, &str)]) -> Result<()> {
    for member in &world.members {
        let (took, in_order) = member.exchange(settings).await?;
        ensure!(in_order, "{:?} did not end in good order, in {took:?}", member.role);
        world.ready().await?;
    }
    Ok(())
}

/// Makes a process write messages with fields that this build does not know.
const WRITES_AS_LATER: (&str, &str) = ("BOXOFFICE_WRITES_AS", "later");

/// Replaces every process under load, once for each of these settings. Customers must not notice.
async fn exchange_under_load(turns: &[&[(&str, &str)]]) -> Result<()> {
    let _alone = ALONE.lock().await;
    let notice = [("BOXOFFICE__API__DRAIN_NOTICE_MS", "1500")];
    let world = Arc::new(World::on_shared(&notice).await?);
    let plan = Plan {
        seed: SEED,
        lasts: PATIENCE * turns.len() as u32,
        customers_per_second: 15,
        settle: Duration::from_mins(1),
        lanes: Vec::new(),
    };
    let doors = world.members.iter().filter(|one| one.role == Role::Api);
    let balancer = Balancer::open(doors.map(|door| door.address.clone()).collect()).await?;
    let customers = vec![Buyer::new(&balancer.address)?];
    let exchange = async {
        for settings in turns {
            exchange_all(&world, settings).await?;
            let is_later = settings.contains(&WRITES_AS_LATER);
            for worker in world.members.iter().filter(|one| one.role == Role::Reservations) {
                let log = worker.log().await.join("\n");
                ensure!(log.contains("writes messages as a later build") == is_later, "{log}");
            }
        }
        Ok(())
    };
    let wrong = play_with(&world, &plan, 0, customers, exchange).await;
    let figures = world.count.figures();
    if !matches!(&wrong, Ok(wrong) if wrong.is_empty()) {
        world.keep_logs().await?;
    }
    assert_eq!(wrong?, Vec::<String>::new(), "{figures}");
    let requests = figures.answers.values().sum::<u64>();
    assert!(requests >= 100, "{figures}");
    // A request may be lost if it is sent just as an idle connection is closed.
    assert!(figures.unanswered * 100 <= requests, "{figures}");
    assert_eq!(world.stop().await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_everything_under_load_loses_nothing_and_is_not_seen() -> Result<()> {
    exchange_under_load(&[&[]]).await
}

/// Between the two turns, an old and a new process of every role run together. Then all are
/// replaced by old ones again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_of_processes_that_write_messages_with_more_fields_and_its_rollback_are_not_seen()
-> Result<()> {
    exchange_under_load(&[&[WRITES_AS_LATER], &[]]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_leaves_a_queue_without_a_leader_is_restarted_and_counted() -> Result<()> {
    let own = Own::start().await?;
    let vhost = own.vhost().await?;
    let topology = Topology::new(&settings::Topology::default());
    let stop = CancellationToken::new();
    let publisher = Publisher::start(&vhost.settings(), &topology, "a test", stop.clone());
    eventually("declared queues", || async { publisher.is_ready() }).await;
    stop.cancel();
    let (stopped, left) = tokio::task::spawn_blocking(move || {
        let rabbitmq = &own.rabbitmq;
        assert_eq!(settle(rabbitmq)?, 0, "all have leaders");
        rabbitmq.control(&[
            "eval",
            "[Q | _] = [Q || Q <- rabbit_amqqueue:list(), element(4, amqqueue:get_name(Q)) =:=
             <<\"requests.00\">>], ra:stop_server(quorum_queues, amqqueue:get_pid(Q)).",
        ])?;
        anyhow::Ok((rabbitmq.queues_without_leader()?, settle(rabbitmq)?))
    })
    .await??;
    assert_eq!(stopped, ["requests.00"]);
    assert_eq!(left, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_door_that_stops_fails_readiness_first_and_takes_requests_meanwhile() -> Result<()>
{
    let mut stack =
        Stack::start(Options::of(plans::seated(1)).set("api__drain_notice_ms", 3_000)).await?;
    let buyer = stack.buyer.clone();
    let mut api = stack.api.take().expect("it has a front door");
    api.signal(Signal::TERM)?;
    let unready = || async { buyer.get("/readyz").await.is_ok_and(|answer| answer.status == 503) };
    eventually("a front door that is not ready", unready).await;
    let body = json!({"customer": "ada", "tickets": [1]});
    let accepted = buyer.post_reservation(body, &[]).await?;
    assert_eq!(accepted.status, 202, "{:?}", accepted.body);
    assert_eq!(accepted.header("connection"), "close", "the next one goes elsewhere");
    let ended = tokio::task::spawn_blocking(|| api.ended()).await??;
    assert!(ended.success(), "{ended}");
    let gone = buyer.ask(Method::GET, "/livez", &[], None).await;
    assert!(gone.is_err(), "it has ended");
    stack.finish().await
}
