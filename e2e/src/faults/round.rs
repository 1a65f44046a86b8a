//! A round: load with overlapping faults, then the end of all faults, then the checks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::check;
use super::customer::{Counter, Customer};
use super::dice::Dice;
use super::fault::Kind;
use super::model::{Asked, Kept, Model, Reply};
use super::world::{SEATS, World};
use crate::Buyer;

/// The parameters of a round.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All random choices follow from it.
    pub seed: u64,
    /// How long new faults begin.
    pub lasts: Duration,
    /// Customers that arrive per second.
    pub customers_per_second: u64,
    /// How long after the last fault everything must be decided.
    pub settle: Duration,
    /// The kinds of faults in each lane. Lanes run concurrently; within a lane, one fault follows
    /// another.
    pub lanes: Vec<&'static [Kind]>,
}

/// How long customers continue to arrive after the last fault.
const AFTER: Duration = Duration::from_secs(3);
/// Maximum customers at once.
const CROWD_MAX: usize = 300;
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Expiry messages of holds that ended early may still be in delay queues when everything is
/// decided, and the broker updates its figures about queues only every few seconds.
const LAST_DELAYS: Duration = Duration::from_secs(25);

/// Runs a round, updates the statistics, and returns what is wrong.
pub async fn play(world: &Arc<World>, plan: &Plan, round: u64) -> Result<Vec<String>> {
    play_with(world, plan, round, world.doors()?, inflict_faults(world, plan, round)).await
}

/// Like [`play`], with any disturbance, and with customers of these front doors.
pub async fn play_with(
    world: &Arc<World>,
    plan: &Plan,
    round: u64,
    doors: Vec<Buyer>,
    disturb: impl Future<Output = Result<()>>,
) -> Result<Vec<String>> {
    let events = world.plant(round).await?;
    let model = Arc::new(Model::default());
    let counter = Arc::new(Counter {
        doors,
        model: Arc::clone(&model),
        events: events.clone(),
        tickets: SEATS,
        closes: Instant::now() + plan.lasts + 2 * plan.settle,
    });
    let enough = CancellationToken::new();
    let crowd = tokio::spawn(crowd(counter, plan.clone(), round, enough.clone()));
    disturb.await?;
    let healed = Instant::now();
    let deadline = healed + plan.settle;
    measure_recovery(world, &model, &events, healed, deadline).await?;
    sleep_until(healed + AFTER).await;
    enough.cancel();
    match timeout_at(deadline, crowd).await {
        Ok(ended) => ended?,
        Err(_) => model.contradiction("customers waited for an answer in vain".to_owned()),
    }
    settled(world, &events, deadline).await?;
    let left = left_in_queues(world, deadline.max(Instant::now() + LAST_DELAYS)).await?;
    if let Err(error) = world.ready().await {
        model.contradiction(format!("{error:#}"));
    }
    ask_again(world, &model).await?;
    let kept = model.take();
    let mut wrong = check::violations(&world.database.pool, &kept, &events).await?;
    wrong.extend(left);
    let dead = world.dead_letters().await?;
    if dead > 0 {
        wrong.push(format!("{dead} messages were given up"));
    }
    note(world, &kept, &wrong);
    Ok(wrong)
}

/// Starts customers one after the other until `enough`, and waits until the last one has finished.
async fn crowd(counter: Arc<Counter>, plan: Plan, round: u64, enough: CancellationToken) {
    let mut customers = JoinSet::new();
    let pause = Duration::from_secs(1) / plan.customers_per_second as u32;
    let mut number = round * 1_000_000;
    while !enough.is_cancelled() {
        if customers.len() < CROWD_MAX {
            let dice = Dice::of(plan.seed, "customer", number);
            customers.spawn(Customer::new(Arc::clone(&counter), dice, number).run());
            number += 1;
        }
        while customers.try_join_next().is_some() {}
        sleep(pause).await;
    }
    while customers.join_next().await.is_some() {}
}

/// Inflicts faults in every lane until the time is over, and waits until the last one has ended.
async fn inflict_faults(world: &Arc<World>, plan: &Plan, round: u64) -> Result<()> {
    let until = Instant::now() + plan.lasts;
    let mut lanes = JoinSet::new();
    for (number, kinds) in plan.lanes.iter().copied().enumerate() {
        let world = Arc::clone(world);
        let mut dice = Dice::of(plan.seed, "lane", round * 100 + number as u64);
        let mut deck = Vec::new();
        lanes.spawn(async move {
            while Instant::now() < until {
                if deck.is_empty() {
                    deck = kinds.to_vec();
                    dice.shuffle(&mut deck);
                }
                let kind: Kind = deck.pop().context("a lane without faults")?;
                world.count.fault(kind);
                kind.inflict(&world, &mut dice).await.with_context(|| format!("{kind:?}"))?;
                sleep(Duration::from_millis(dice.between(100, 1_500))).await;
            }
            anyhow::Ok(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

/// Measures the time until the first decision, and until everything accepted before is decided.
async fn measure_recovery(
    world: &World,
    model: &Model,
    events: &[i32],
    healed: Instant,
    deadline: Instant,
) -> Result<()> {
    let before = model.accepted();
    let since: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&world.database.pool).await?;
    let decisions =
        "SELECT count(*) FROM reservations WHERE event_id = ANY ($1) AND updated_at > $2";
    loop {
        let query = sqlx::query_scalar(decisions).bind(events).bind(since);
        let decided: i64 = query.fetch_one(&world.database.pool).await?;
        if decided > 0 {
            break;
        }
        ensure!(Instant::now() < deadline, "no decision after the last fault");
        sleep(LOOK_AGAIN).await;
    }
    let first = healed.elapsed();
    let mut is_cleared = false;
    let known = "SELECT count(*) FROM reservations WHERE event_id = ANY ($1)
                 AND id = ANY ($2::text[]::uuid[])";
    loop {
        let query = sqlx::query_scalar(known).bind(events).bind(&before);
        let decided: i64 = query.fetch_one(&world.database.pool).await?;
        if decided as usize == before.len() {
            is_cleared = true;
            break;
        }
        if Instant::now() >= deadline {
            let undecided = before.len() - decided as usize;
            let after = healed.elapsed();
            model.contradiction(format!("{undecided} accepted requests undecided after {after:?}"));
            break;
        }
        sleep(LOOK_AGAIN).await;
    }
    let backlog = healed.elapsed();
    world.count.note(|figures| {
        figures.first_decision_longest = figures.first_decision_longest.max(first);
        if is_cleared {
            figures.backlog_longest = figures.backlog_longest.max(backlog);
        } else {
            figures.backlogs_not_cleared += 1;
        }
    });
    Ok(())
}

/// Waits until nothing changes any more: no hold and no payment is pending. What never ends is
/// found by the checks.
async fn settled(world: &World, events: &[i32], deadline: Instant) -> Result<()> {
    let live = "SELECT (SELECT count(*) FROM reservations
                        WHERE event_id = ANY ($1) AND status IN ('held', 'paying'))
                     + (SELECT count(*) FROM payments
                        WHERE event_id = ANY ($1) AND status = 'processing')";
    while Instant::now() < deadline {
        let moving: i64 =
            sqlx::query_scalar(live).bind(events).fetch_one(&world.database.pool).await?;
        if moving == 0 {
            return Ok(());
        }
        sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Waits until all queues are empty, including messages that are not acked. Returns what is left.
async fn left_in_queues(world: &World, deadline: Instant) -> Result<Vec<String>> {
    loop {
        let left = world.left_in_queues().await?;
        if left.is_empty() || Instant::now() >= deadline {
            return Ok(left);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// Looks up every reservation that was or may have been accepted, at each front door in turn.
async fn ask_again(world: &World, model: &Model) -> Result<()> {
    let doors = world.doors()?;
    for (all, is_owed) in [(model.accepted_of(), true), (model.uncertain_of(), false)] {
        for part in all.chunks(32) {
            let looks = part.iter().enumerate().map(|(number, (id, event))| {
                look_up(&doors[number % doors.len()], model, id, *event, is_owed)
            });
            futures::future::join_all(looks).await;
        }
    }
    Ok(())
}

/// Retries, because connections may be dead without being closed.
async fn look_up(door: &Buyer, model: &Model, id: &str, event: i32, is_owed: bool) {
    const TRIES: u32 = 20;
    let path = format!("/api/v1/events/{event}/reservations/{id}");
    let mut last = String::new();
    for _ in 0..TRIES {
        match door.ask(Method::GET, &path, &[], None).await {
            Ok(answer) => {
                let reply = Reply::of(Asked::Show, &answer, Some(id));
                model.record(event, None, &reply);
                if reply.status == 200 && (reply.state != "pending" || !is_owed) {
                    return;
                }
                last = reply.body.to_string();
            }
            Err(error) => last = format!("{error:#}"),
        }
        sleep(Duration::from_millis(500)).await;
    }
    model.contradiction(format!("what became of {id} cannot be seen: {last}"));
}

fn note(world: &World, kept: &Kept, wrong: &[String]) {
    world.count.note(|figures| {
        figures.rounds += 1;
        figures.accepted += kept.accepted.len() as u64;
        figures.uncertain += kept.uncertain.len() as u64;
        figures.unanswered += kept.unanswered;
        for reply in &kept.replies {
            *figures.answers.entry(reply.status).or_default() += 1;
        }
        figures.violations.extend(wrong.iter().cloned());
    });
}
