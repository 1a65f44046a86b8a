//! The dead letters: messages that were given up, with the reason.
//!
//! To list letters, the command takes them from the queue and returns them to their places. A
//! replayed letter is published first and then removed: a crash in between delivers it twice,
//! which does no harm, because every message may be delivered twice.

mod filter;
mod replay;

use std::time::Duration;

use anyhow::Context;
use broker::operators::{Letter, Letters, depth};
use broker::topology::{DEAD_LETTERS, Topology};
use broker::{Connection, PublishError, Sender};
use chrono::DateTime;
use process::failpoint;
use process::settings::Settings;
use serde_json::{Value, json};

use super::exit::Exit;
use super::print::{json as print_json, line};
use filter::Filter;

/// What to do with dead letters.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List them, oldest first: id, where they come from, and why they are dead.
    List(Look),
    /// Show them whole.
    Show {
        /// The letter's id, or the beginning of it.
        id: String,
        #[command(flatten)]
        look: Look,
    },
    /// Send them to the queues that they came from. What fails again comes back.
    Replay {
        #[command(flatten)]
        act: Act,
        /// How many a second, at most.
        #[arg(long, default_value_t = 50)]
        rate: u32,
    },
    /// Remove them for good.
    Discard(Act),
}

/// Which letters.
#[derive(Debug, clap::Args)]
pub(crate) struct Look {
    /// Only these: `id=`, `queue=` (beginnings), `reason=`, `body=` (parts). All given must fit.
    #[arg(long, value_name = "FIELD=TEXT")]
    filter: Vec<Filter>,
    /// How many, at most.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print a line of JSON for each.
    #[arg(long)]
    json: bool,
}

/// Which letters to do something with.
#[derive(Debug, clap::Args)]
pub(crate) struct Act {
    #[command(flatten)]
    look: Look,
    /// Every letter, where there is no filter.
    #[arg(long)]
    all: bool,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(settings: &Settings, command: Command) -> anyhow::Result<Exit> {
    let connection = Connection::open(&settings.broker, "dead letters").await?;
    match command {
        Command::List(look) => list(&connection, &look).await,
        Command::Show { id, mut look } => {
            look.filter.push(Filter::id(&id));
            show(&connection, &look).await
        }
        Command::Replay { act, rate } => {
            checked(&act)?;
            let timeout = Duration::from_millis(settings.broker.publish_timeout_ms);
            let sender = Sender::open(&connection, timeout).await?;
            let topology = Topology::new(&settings.topology);
            replay(&connection, &sender, &topology, &act, rate).await
        }
        Command::Discard(act) => {
            checked(&act)?;
            discard(&connection, &act).await
        }
    }
}

fn checked(act: &Act) -> anyhow::Result<()> {
    anyhow::ensure!(
        act.all || !act.look.filter.is_empty(),
        "name letters by --filter, or say --all"
    );
    Ok(())
}

/// Takes letters one by one, as many as there were at the beginning. So a replayed letter that
/// fails again at once is not taken a second time.
struct Walk<'a> {
    letters: Letters,
    look: &'a Look,
    /// Letters of the beginning that were not taken yet.
    left: u32,
    found: usize,
}

impl<'a> Walk<'a> {
    async fn begin(connection: &Connection, look: &'a Look) -> anyhow::Result<Self> {
        let depth = depth(connection, DEAD_LETTERS).await?;
        let left = depth.context("there is no such queue: workers topology apply")?.messages;
        Ok(Self { letters: Letters::open(connection).await?, look, left, found: 0 })
    }

    /// Takes the next letter that all filters accept.
    async fn next(&mut self) -> anyhow::Result<Option<Letter>> {
        while self.left > 0 && self.found < self.look.limit {
            let Some(letter) = self.letters.take().await? else { break };
            self.left -= 1;
            if self.look.filter.iter().all(|filter| filter.fits(&letter)) {
                self.found += 1;
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }
}

async fn list(connection: &Connection, look: &Look) -> anyhow::Result<Exit> {
    let mut walk = Walk::begin(connection, look).await?;
    while let Some(letter) = walk.next().await? {
        if look.json {
            print_json(&about(&letter));
        } else {
            line(&in_words(&letter));
        }
    }
    let found = walk.found;
    let not_seen = walk.left;
    walk.letters.give_back().await?;
    if !look.json {
        line(&format!("{found} dead letters{}", more(not_seen)));
    }
    Ok(Exit::Done)
}

fn more(not_seen: u32) -> String {
    if not_seen == 0 { String::new() } else { format!(", and {not_seen} not looked at: --limit") }
}

async fn show(connection: &Connection, look: &Look) -> anyhow::Result<Exit> {
    let mut walk = Walk::begin(connection, look).await?;
    while let Some(letter) = walk.next().await? {
        let mut whole = about(&letter);
        whole["body"] = body(&letter);
        if look.json {
            print_json(&whole);
        } else {
            line(&serde_json::to_string_pretty(&whole)?);
        }
    }
    let found = walk.found;
    walk.letters.give_back().await?;
    if found == 0 {
        line("there is no such letter; another command may have it in hand");
        return Ok(Exit::Found);
    }
    Ok(Exit::Done)
}

async fn discard(connection: &Connection, act: &Act) -> anyhow::Result<Exit> {
    let mut walk = Walk::begin(connection, &act.look).await?;
    while let Some(letter) = walk.next().await? {
        if !act.dry_run {
            walk.letters.remove(&letter).await?;
        }
        report(act, if act.dry_run { "would discard" } else { "discarded" }, &letter);
    }
    let found = walk.found;
    walk.letters.give_back().await?;
    if !act.look.json {
        line(&format!("{found} dead letters"));
    }
    Ok(Exit::Done)
}

async fn replay(
    connection: &Connection,
    sender: &Sender,
    topology: &Topology,
    act: &Act,
    rate: u32,
) -> anyhow::Result<Exit> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    let mut walk = Walk::begin(connection, &act.look).await?;
    let mut done = 0;
    let mut kept = 0;
    while let Some(letter) = walk.next().await? {
        let sent = match replay::to_publication(topology, &letter) {
            Ok(_) if act.dry_run => Ok(()),
            Ok(message) => {
                pace.tick().await;
                sender.send(&message).await
            }
            Err(why) => {
                kept += 1;
                report(act, &format!("left ({why})"), &letter);
                continue;
            }
        };
        match sent {
            Ok(()) if act.dry_run => report(act, "would replay", &letter),
            Ok(()) => {
                failpoint::reach("dead_letters.published").await;
                walk.letters.remove(&letter).await?;
                report(act, "replayed", &letter);
            }
            Err(error @ (PublishError::Full | PublishError::Unroutable(_))) => {
                kept += 1;
                report(act, &format!("left ({error})"), &letter);
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        done += 1;
    }
    walk.letters.give_back().await?;
    if !act.look.json {
        line(&format!("{done} replayed, {kept} left"));
    }
    Ok(if kept == 0 { Exit::Done } else { Exit::Found })
}

fn report(act: &Act, what: &str, letter: &Letter) {
    if act.look.json {
        let mut about = about(letter);
        about["done"] = Value::from(what);
        print_json(&about);
    } else {
        line(&format!("{what}: {}", in_words(letter)));
    }
}

fn about(letter: &Letter) -> Value {
    json!({
        "id": letter.id(),
        "queue": letter.queue,
        "reason": letter.reason,
        "died_at": letter.died_at.and_then(|at| DateTime::from_timestamp(at as i64, 0)),
        "bytes": letter.body.len(),
    })
}

fn body(letter: &Letter) -> Value {
    serde_json::from_slice(&letter.body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&letter.body)))
}

fn in_words(letter: &Letter) -> String {
    let queue = letter.queue.as_deref().unwrap_or("unknown");
    format!("{}  {queue:<12} {:>6} bytes  {}", letter.id(), letter.body.len(), letter.reason)
}
