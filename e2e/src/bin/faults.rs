//! The long run of the fault harness: `cargo xtask faults`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::faults::{Kind, Plan, World, play};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            say(&format!("FAILED: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn run() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |what: &str| -> Result<u64> {
        let text =
            arguments.next().with_context(|| format!("usage: faults SEED MINUTES RATE: {what}"))?;
        text.parse().with_context(|| format!("{what} must be a number, not {text}"))
    };
    let seed = number("SEED")?;
    let minutes = number("MINUTES")?;
    let rate = number("RATE")?;
    say(&format!("seed: {seed}"));
    let is_replicated = arguments.next().as_deref() == Some("cluster");
    let world =
        if is_replicated { World::start_replicated().await? } else { World::start().await? };
    let world = Arc::new(world);
    let servers = world.servers.as_ref().map_or(Kind::SERVERS, e2e::faults::Servers::faults);
    let plan = Plan {
        seed,
        lasts: Duration::from_secs(40),
        customers_per_second: rate,
        settle: Duration::from_mins(2),
        lanes: vec![Kind::PROCESSES, Kind::PROCESSES, Kind::NETWORKS, Kind::NETWORKS, servers],
    };
    let end = Instant::now() + Duration::from_mins(minutes);
    let mut round = 0;
    while Instant::now() < end {
        let began = Instant::now();
        let wrong = play(&world, &plan, round).await;
        let wrong = match wrong {
            Ok(wrong) => wrong,
            Err(error) => vec![format!("the round could not be ended: {error:#}")],
        };
        for one in &wrong {
            say(&format!("VIOLATED: {one}"));
        }
        let took = began.elapsed().as_secs();
        say(&format!("round {round}: {took} s, {} violations", wrong.len()));
        if !wrong.is_empty() {
            world.keep_logs().await?;
            break;
        }
        round += 1;
    }
    let figures = world.count.figures();
    let badly = world.stop().await?;
    say(&format!("seed: {seed}\n{figures}\nended in bad order at the end: {badly}"));
    let is_good = figures.violations.is_empty() && figures.rounds == round && badly == 0;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "what this command prints is its product")]
fn say(text: &str) {
    println!("{text}");
}
