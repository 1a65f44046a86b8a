//! `GET /status`: what the operators' page shows, as JSON.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use booking::domain::WorkerPool;
use broker::Depth;
use broker::topology::{DEAD_LETTERS, Topology};
use serde::Serialize;
use store::holds::{self, Count};

use crate::{Admin, Subject};

/// Holds are counted over whole events: not more often than this.
const HOLDS_FRESH: Duration = Duration::from_secs(10);
/// How long the count may take.
const HOLDS_LIMIT: Duration = Duration::from_secs(2);

/// What is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    process: String,
    version: &'static str,
    cards: Vec<Card>,
    queues: Vec<Line>,
}

/// A figure.
#[derive(Debug, Clone, Serialize)]
pub struct Card {
    /// What it is.
    name: &'static str,
    /// As it is shown.
    value: String,
    /// How it is shown: `good` or `bad`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

impl Card {
    /// A figure that is neither good nor bad.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), state: None }
    }

    /// Something that is to be so.
    pub fn wanted(name: &'static str, is_so: bool) -> Self {
        let (value, state) = if is_so { ("yes", "good") } else { ("no", "bad") };
        Self { name, value: value.to_owned(), state: Some(state) }
    }

    /// A number that is to be 0.
    pub fn unwanted(name: &'static str, number: i64) -> Self {
        let state = Some(if number == 0 { "good" } else { "bad" });
        Self { name, value: number.to_string(), state }
    }
}

/// A queue, and what the process knows of it.
#[derive(Debug, Serialize)]
struct Line {
    queue: String,
    pool: &'static str,
    messages: u32,
    consumers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    owned: bool,
    in_hand: u32,
    paused: bool,
    age_seconds: f64,
}

/// What is known now.
pub(crate) async fn show<S: Subject>(State(admin): State<Arc<Admin<S>>>) -> Json<Status> {
    let depths = admin.depths.look().await.unwrap_or_default();
    let dead = depths.iter().find(|depth| depth.queue == DEAD_LETTERS);
    let mut cards = vec![
        Card::wanted("Ready", admin.subject.is_ready()),
        Card::wanted("Broker", admin.subject.is_connected()),
    ];
    if let Some(dead) = dead {
        cards.push(Card::unwanted("Dead letters", i64::from(dead.messages)));
    }
    let count = admin.holds().await;
    cards.push(Card::wanted("Database", count.is_some()));
    if let Some(count) = count {
        cards.push(Card::new("Tickets held", count.held.to_string()));
        cards.push(Card::unwanted("Holds overdue", count.overdue));
    }
    cards.extend(admin.subject.cards());
    let line = |depth: &Depth| {
        let known = admin.subject.queue(&depth.queue);
        Line {
            queue: depth.queue.clone(),
            pool: pool(&depth.queue),
            messages: depth.messages,
            consumers: depth.consumers,
            owner: known.owner,
            owned: known.owned,
            in_hand: known.in_hand,
            paused: known.paused,
            age_seconds: known.age_seconds,
        }
    };
    let mut queues: Vec<Line> = depths.iter().map(line).collect();
    queues.sort_by(|one, other| one.queue.cmp(&other.queue));
    let (process, version) = (admin.process.clone(), env!("CARGO_PKG_VERSION"));
    Json(Status { process, version, cards, queues })
}

fn pool(queue: &str) -> &'static str {
    Topology::pool_of(queue).map_or("", WorkerPool::name)
}

impl<S: Subject> Admin<S> {
    /// None where the database does not answer.
    async fn holds(&self) -> Option<Count> {
        let mut last = self.holds.lock().await;
        if let Some((at, count)) = *last
            && at.elapsed() < HOLDS_FRESH
        {
            return Some(count);
        }
        let count = async { holds::count(&mut *self.pool.acquire().await?).await };
        let count = tokio::time::timeout(HOLDS_LIMIT, count).await.ok()?.ok()?;
        *last = Some((Instant::now(), count));
        Some(count)
    }
}
