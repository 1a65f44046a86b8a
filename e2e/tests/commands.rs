//! The operators' commands against a running system: find the trouble on one screen, pause pools,
//! and repair what failed.

use anyhow::{Context, Result};
use booking::ids::EventId;
use booking::requests::Request;
use broker::Publication;
use broker::topology::{DEAD_LETTERS, REQUESTS, Topology};
use e2e::messages::{mint, reserve, send};
use e2e::{Options, Stack, eventually, plans};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use store::seed::EventPlan;

/// Blocks every decision: each transaction waits for this one.
async fn block(stack: &Stack) -> Result<Transaction<'static, Postgres>> {
    let mut lock = stack.database.pool.begin().await?;
    sqlx::query("SELECT 1 FROM sections FOR UPDATE").execute(&mut *lock).await?;
    Ok(lock)
}

async fn screen(stack: &Stack) -> Result<Value> {
    stack.operate(&["queues", "--json"], &[]).await?.json()
}

fn queue<'a>(screen: &'a Value, name: &str) -> &'a Value {
    let queues = screen["queues"].as_array().into_iter().flatten();
    queues.into_iter().find(|queue| queue["queue"] == name).unwrap_or(&Value::Null)
}

fn finds(screen: &Value, what: &str) -> bool {
    let mut findings = screen["findings"].as_array().into_iter().flatten();
    findings.any(|finding| finding.as_str().is_some_and(|finding| finding.contains(what)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_lags_is_on_the_screen_with_its_age_and_who_has_it() -> Result<()> {
    let stack = Stack::start(Options { api: false, ..Options::of(plans::seated(5)) }).await?;
    let lock = block(&stack).await?;
    for seat in 1..=45 {
        send(&stack.publisher, 2, vec![Request::Reserve(reserve("ada", &[seat]))]).await?;
    }
    let lags = || async { screen(&stack).await.is_ok_and(|seen| finds(&seen, "requests.02 lags")) };
    eventually("a partition that lags", lags).await;
    let seen = screen(&stack).await?;
    let lagging = queue(&seen, "requests.02");
    assert!(lagging["age_ms"].as_i64() >= Some(2_000), "{seen:#}");
    assert!(lagging["in_hand"].as_u64() >= Some(1), "{seen:#}");
    assert!(lagging["ready"].as_u64() >= Some(20), "more waits than is sent ahead: {seen:#}");
    assert!(lagging["worker"].is_string(), "{seen:#}");
    assert_eq!(queue(&seen, "requests.01")["age_ms"], Value::Null, "only that one: {seen:#}");
    let page = stack.operate(&["queues"], &[]).await?;
    assert_eq!(page.code, 0, "{}", page.text);
    assert!(page.text.contains("! requests.02 lags"), "{}", page.text);
    assert!(page.text.lines().count() <= 40, "it fits on a screen: {}", page.text);
    lock.rollback().await?;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_pool_stays_paused_in_a_restarted_worker_and_goes_on_when_resumed() -> Result<()> {
    let options = Options::of(plans::seated(2)).workers(&["reservations", "payments", "expiry"]);
    let mut stack = Stack::start(options).await?;
    let pause = ["pools", "pause", "reservations", "--reason", "rehearsal", "--by", "ada"];
    assert_eq!(stack.operate(&pause, &[]).await?.code, 0);
    let drained = stack.operate(&["pools", "drain", "reservations"], &[]).await?;
    assert_eq!(drained.code, 0, "{}", drained.text);
    stack.worker_ready(0).await?;
    let body = json!({"customer": "ada", "tickets": [1]});
    let accepted = stack.buyer.post_reservation(body, &[]).await?;
    assert_eq!(accepted.status, 202, "{}", accepted.body);

    assert_eq!(stack.operate(&pause, &[]).await?.code, 0, "again, with the reason");
    stack.kill_worker(0)?;
    stack.add_worker("reservations", &[])?;
    stack.worker_ready(2).await?;
    let found = || async {
        screen(&stack).await.is_ok_and(|seen| {
            let waiting = seen["queues"].as_array().into_iter().flatten();
            let waiting: u64 = waiting.filter_map(|queue| queue["ready"].as_u64()).sum();
            let new = seen["pools"][0]["workers"] == 1 && seen["pools"][0]["paused"] == true;
            new && waiting == 1 && finds(&seen, "reservations: PAUSED")
        })
    };
    eventually("a paused pool on the screen, with what waits", found).await;
    let seen = screen(&stack).await?;
    assert!(finds(&seen, "by ada: rehearsal"), "{seen:#}");
    assert_eq!(seen["pools"][1]["paused"], false, "only that pool: {seen:#}");
    assert_eq!(stack.buyer.reservation(accepted.id()).await?.state(), "pending");

    assert_eq!(stack.operate(&["pools", "resume", "reservations"], &[]).await?.code, 0);
    assert_eq!(stack.buyer.until(accepted.id(), &["held", "rejected"]).await?.state(), "held");
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_waits_for_what_is_in_hand_and_says_when_it_took_too_long() -> Result<()> {
    let stack = Stack::start(Options { api: false, ..Options::of(plans::seated(1)) }).await?;
    let lock = block(&stack).await?;
    send(&stack.publisher, 1, vec![Request::Reserve(reserve("ada", &[1]))]).await?;
    let taken = || async {
        screen(&stack).await.is_ok_and(|seen| queue(&seen, "requests.01")["in_hand"] == 1)
    };
    eventually("a request in hand", taken).await;
    let line = stack.workers[0].message("listening").await?;
    let status = format!("http://{}/status", line["admin"].as_str().unwrap_or_default());
    let status = async || anyhow::Ok(reqwest::get(&status).await?.json::<Value>().await?);
    let seen = status().await?;
    let of = |seen: &Value| queue(seen, "requests.01").clone();
    assert_eq!((&of(&seen)["in_hand"], &of(&seen)["paused"]), (&json!(1), &json!(false)));
    let drain = ["pools", "drain", "all", "--timeout-seconds", "2"];
    let late = stack.operate(&drain, &[]).await?;
    assert_eq!(late.code, 5, "{}", late.text);
    assert!(late.text.contains("requests.01: worker "), "it says who: {}", late.text);
    let seen = status().await?;
    assert_eq!(of(&seen)["paused"], true, "the page knows: {seen:#}");
    lock.rollback().await?;
    let drained = stack.operate(&["pools", "drain", "all", "--timeout-seconds", "30"], &[]).await?;
    assert_eq!(drained.code, 0, "{}", drained.text);
    let held = "SELECT count(*) FROM reservations WHERE status = 'held'";
    assert_eq!(stack.database.count(held).await?, 1, "what was in hand was finished");
    assert_eq!(stack.operate(&["pools", "resume", "all"], &[]).await?.code, 0);
    stack.finish().await
}

/// Three dead letters: one is not JSON, and two are requests for events that do not exist yet.
async fn three_dead_letters(stack: &Stack) -> Result<()> {
    for event in [2, 999] {
        let event = EventId(event);
        let mut request = reserve(&format!("buyer of {event}"), &[1]);
        (request.id, request.event) = (mint().fresh(event, request.accepted_at), event);
        request.patience_ms = 600_000;
        send(&stack.publisher, 0, vec![Request::Reserve(request)]).await?;
    }
    let key = Topology::partition_key(0);
    stack.publisher.publish(Publication::durable(REQUESTS, key, b"no JSON".to_vec())).await?;
    dead_letters(stack, 3).await;
    Ok(())
}

async fn dead_letters(stack: &Stack, number: u32) {
    let lie = || async { stack.vhost.waiting(DEAD_LETTERS).await.is_ok_and(|n| n == number) };
    eventually("dead letters", lie).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_looked_at_without_loss_and_replayed_safely_even_through_a_crash()
-> Result<()> {
    let stack = Stack::start(Options { api: false, ..Options::of(plans::seated(1)) }).await?;
    three_dead_letters(&stack).await?;
    let letters = async |arguments: &[&str]| {
        let arguments: Vec<&str> = ["dead-letters"].iter().chain(arguments).copied().collect();
        stack.operate(&arguments, &[]).await
    };
    let first = letters(&["list", "--json"]).await?.lines();
    assert_eq!(first.len(), 3, "{first:?}");
    assert_eq!(letters(&["list", "--json"]).await?.lines(), first, "looking changes nothing");
    let buyers = letters(&["list", "--json", "--filter", "body=buyer of 2"]).await?.json()?;
    let id = buyers["id"].as_str().context("an id")?;
    let shown = letters(&["show", id]).await?;
    assert!(shown.text.contains("buyer of 2") && shown.text.contains("no such event"), "{shown:?}");
    assert_eq!(letters(&["replay"]).await?.code, 1, "it wants to know which");
    let dry = letters(&["replay", "--filter", "reason=no such event", "--dry-run"]).await?;
    assert!(dry.text.contains("2 replayed, 0 left") && dry.text.contains("would"), "{dry:?}");
    dead_letters(&stack, 3).await;

    // The missing events are created. A crash between publishing and removing delivers a letter
    // twice.
    stack.database.plant(&EventPlan { id: EventId(2), ..plans::seated(1) }).await?;
    let replay = ["dead-letters", "replay", "--filter", "body=buyer of 2"];
    let crashing = stack.begin(&replay, &[("BOXOFFICE_FAILPOINT", "dead_letters.published")])?;
    let decided = "SELECT count(*) FROM reservations WHERE event_id = 2 AND status = 'held'";
    let once = || async { stack.database.count(decided).await.is_ok_and(|n| n == 1) };
    eventually("the replayed request is decided", once).await;
    crashing.kill()?;
    dead_letters(&stack, 3).await;
    let again = letters(&replay[1..]).await?;
    assert_eq!((again.code, again.text.contains("1 replayed, 0 left")), (0, true), "{again:?}");
    dead_letters(&stack, 2).await;
    stack.drained().await?;
    assert_eq!(stack.database.count(decided).await?, 1, "twice changes nothing");

    assert_eq!(letters(&["replay", "--all"]).await?.code, 0);
    dead_letters(&stack, 2).await;
    let poison = letters(&["list", "--json", "--filter", "queue=requests.00"]).await?.lines();
    assert_eq!(poison.len(), 2, "what fails again comes back: {poison:?}");
    assert!(finds(&screen(&stack).await?, "2 dead letters"));
    let discarded = letters(&["discard", "--all"]).await?;
    assert_eq!(discarded.code, 0, "{discarded:?}");
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_drift_and_says_what_mends_it() -> Result<()> {
    const PARTITIONS: &str = "BOXOFFICE__TOPOLOGY__REQUEST_PARTITIONS";
    let stack = Stack::start(Options { api: false, ..Options::of(plans::seated(1)) }).await?;
    let url = stack.vhost.management_url();
    let management = ("BOXOFFICE__BROKER__MANAGEMENT_URL", url.as_str());
    let well = stack.operate(&["doctor", "--json"], &[management]).await?;
    assert_eq!(well.code, 0, "{}", well.text);
    for check in ["postgres", "schema", "broker", "topology", "permissions", "workers"] {
        let found = well.json()?;
        let mut found = found.as_array().into_iter().flatten();
        let is_ok = found.any(|one| one["check"] == check && one["level"] == "ok");
        assert!(is_ok, "{check}: {}", well.text);
    }
    let more = [(PARTITIONS, "5")];
    let ill = stack.operate(&["doctor"], &more).await?;
    assert_eq!(ill.code, 1, "{}", ill.text);
    assert!(ill.text.contains("missing: queue requests.04"), "{}", ill.text);
    assert!(ill.text.contains("-> run: workers topology apply"), "{}", ill.text);
    assert_eq!(stack.operate(&["topology", "diff"], &more).await?.code, 1);
    // The command works even if processes may not declare: whoever runs it may.
    let forbidden = [more[0], ("BOXOFFICE__BROKER__DECLARE", "false")];
    assert_eq!(stack.operate(&["topology", "apply"], &forbidden).await?.code, 0);
    assert_eq!(stack.operate(&["topology", "diff"], &more).await?.code, 0);
    let fewer = stack.operate(&["topology", "diff", "--json"], &[management]).await?;
    assert_eq!(fewer.code, 1, "{}", fewer.text);
    assert_eq!(fewer.json()?[0]["what"], "queue requests.04");
    let shorter = [("BOXOFFICE__TOPOLOGY__REQUESTS_MAX_LENGTH", "5")];
    let different = stack.operate(&["topology", "diff"], &shorter).await?;
    assert_eq!(different.code, 1);
    assert!(different.text.contains("x-max-length"), "{}", different.text);
    assert!(different.text.contains("docs/operating.md, Topology"), "{}", different.text);
    let apply = stack.operate(&["topology", "apply"], &shorter).await?;
    assert_eq!(apply.code, 1, "a difference is found: {}", apply.text);
    assert!(apply.text.contains("nothing was changed"), "{}", apply.text);
    // A process that cannot start says which queue it is, what differs, and where to read more.
    let starting = stack.begin(&["payments"], &shorter)?;
    let says = ["queue requests.00: ", "x-max-length", "docs/operating.md, Topology"];
    let explained = |line: &Value| {
        let error = line["error"].as_str().unwrap_or_default();
        line["message"] == "not consuming" && says.iter().all(|part| error.contains(part))
    };
    starting.line(explained).await?;
    starting.kill()?;
    stack.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_tell_bad_settings_a_missing_server_and_bad_arguments_apart() -> Result<()> {
    let stack = Stack::start(Options { api: false, ..Options::of(plans::seated(1)) }).await?;
    let nowhere = "postgres://postgres@127.0.0.1:1/none";
    let away = stack.operate(&["audit"], &[("BOXOFFICE__DATABASE__URL", nowhere)]).await?;
    assert_eq!(away.code, 4, "{}", away.text);
    let ill = stack.operate(&["doctor"], &[("BOXOFFICE__DATABASE__URL", nowhere)]).await?;
    assert!(ill.code == 1 && ill.text.contains("correct database.url"), "{}", ill.text);
    let bad = stack.operate(&["audit"], &[("BOXOFFICE__DATABASE__URLL", "x")]).await?;
    assert_eq!(bad.code, 6, "{}", bad.text);
    assert_eq!(stack.operate(&["pools", "pause", "nobody"], &[]).await?.code, 2);
    assert_eq!(stack.operate(&["migrate", "--check"], &[]).await?.code, 0);
    assert_eq!(stack.operate(&["audit"], &[]).await?.code, 0);
    stack.finish().await
}
