//! `cargo xtask demo`: plays a small sale on the running system, and checks that nothing was lost
//! or sold twice.

mod balance;
mod buyer;
mod client;
mod plan;
mod random;
mod stage;
mod target;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use super::say::say;
use balance::{Counts, Row, rows, sold_twice};
use buyer::{Buyer, Story};
use client::Client;
use stage::Stage;

/// The demo promises to end within a minute; this leaves time for the check.
const DURATION_MAX: Duration = Duration::from_secs(50);
const AT_ONCE: usize = 16;
/// How long the last changes may take until readers see them.
const SETTLE: Duration = Duration::from_secs(5);

/// What to play.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Where the system is: on this machine only
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// How many buyers come
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1000))]
    buyers: u32,
    /// Repeats the choices of an earlier demo
    #[arg(long)]
    seed: Option<u64>,
}

/// Plays the sale. Exit code 1 if the buyers' results and the availability disagree.
pub(crate) fn demo(arguments: &Arguments) -> Result<ExitCode> {
    let seed = arguments.seed.unwrap_or_else(random::any_seed);
    let client = Client::new(target::base(&arguments.url)?, Instant::now() + DURATION_MAX);
    client.greet()?;
    let stage = Stage::look(&client)?;
    let before = available(&client, &stage)?;
    for event in stage.events() {
        say(&format!("event {}: {}", event.id, event.name));
    }
    say(&format!("{} buyers, seed {seed} (nobody else should buy meanwhile)\n", arguments.buyers));
    let stories = play(&client, &stage, seed, arguments.buyers as usize);
    let table = settled(&client, &stage, &before, &stories)?;
    Ok(if verdict(&stage, &table, &stories) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn play(client: &Client, stage: &Stage, seed: u64, buyers: usize) -> Vec<Story> {
    let next = AtomicUsize::new(0);
    let stories = Mutex::new(Vec::with_capacity(buyers));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(buyers) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= buyers {
                        return;
                    }
                    let story = Buyer::new(client, stage, seed, number).play();
                    let wrong = story.wrong.as_ref().map(|wrong| format!("  WRONG: {wrong}"));
                    say(&format!("buyer {number:>3}: {}{}", story.told, wrong.unwrap_or_default()));
                    stories.lock().expect("no holder panics").push(story);
                }
            });
        }
    });
    stories.into_inner().expect("no holder panics")
}

/// The balance, as soon as it agrees, or at the end of the settling time.
fn settled(client: &Client, stage: &Stage, before: &Counts, stories: &[Story]) -> Result<Vec<Row>> {
    let capacity = counts(stage, |event| {
        Ok(event.sections.iter().map(|(number, section)| (*number, section.capacity)).collect())
    })?;
    let deadline = Instant::now() + SETTLE;
    loop {
        let table = rows(&capacity, before, &available(client, stage)?, stories);
        if table.iter().all(Row::is_balanced) || Instant::now() >= deadline {
            return Ok(table);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Prints the balance and returns whether all is right.
fn verdict(stage: &Stage, table: &[Row], stories: &[Story]) -> bool {
    say(&format!(
        "\n{:<32}{:>9}{:>9}{:>7}{:>7}{:>11}",
        "section", "capacity", "earlier", "sold", "held", "available"
    ));
    for row in table {
        let (event, section) = row.section;
        let found = stage.events().find(|candidate| candidate.id == event);
        let name = found.and_then(|event| event.sections.get(&section)).map_or("?", |it| &it.name);
        say(&format!(
            "{:<32}{:>9}{:>9}{:>7}{:>7}{:>11}  {}",
            format!("{event}/{section} {name}"),
            row.capacity,
            row.earlier,
            row.sold,
            row.held,
            row.available,
            if row.is_balanced() { "ok" } else { "DOES NOT ADD UP" },
        ));
    }
    let twice = sold_twice(stories);
    for ticket in &twice {
        say(&format!("SOLD TWICE: {ticket:?}"));
    }
    let wrong = stories.iter().filter(|story| story.wrong.is_some()).count();
    let ok = wrong == 0 && twice.is_empty() && table.iter().all(Row::is_balanced);
    let sold: i64 = table.iter().map(|row| row.sold).sum();
    let refused = stories.iter().filter(|story| story.told.contains("refused")).count();
    let word = if ok { "OK" } else { "NOT OK" };
    say(&format!(
        "\n{word}: {sold} tickets sold, {refused} requests refused, {wrong} answers wrong"
    ));
    ok
}

fn available(client: &Client, stage: &Stage) -> Result<Counts> {
    counts(stage, |event| event.available(client))
}

fn counts(
    stage: &Stage,
    of: impl Fn(&stage::Event) -> Result<std::collections::BTreeMap<i64, i64>>,
) -> Result<Counts> {
    let mut counts = Counts::new();
    for event in stage.events() {
        counts.extend(of(event)?.into_iter().map(|(section, count)| ((event.id, section), count)));
    }
    Ok(counts)
}
