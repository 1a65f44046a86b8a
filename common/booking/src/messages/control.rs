//! What operators say to the workers, and what the workers answer.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Message, VERSION};
use crate::domain::WorkerPool;

/// Something that every worker process hears. A hint: what must be known for sure is in the
/// database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    v: u8,
    /// What is said.
    pub say: ControlKind,
}

/// What operators say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// A pool is to pause or to go on.
    Order(PoolOrder),
    /// Report what you do, to this routing key of the exchange of controls.
    Ask(String),
}

/// Whether a pool is to work, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolOrder {
    pub pool: WorkerPool,
    /// It takes nothing from its queues.
    pub paused: bool,
    /// Rises with every order to this pool: an older one changes nothing any more.
    pub revision: i64,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub changed_by: String,
    /// When, by the database's clock.
    #[serde(with = "ts_milliseconds")]
    pub changed_at: DateTime<Utc>,
}

/// A worker's answer to [`ControlKind::Ask`]: one for each pool that it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    v: u8,
    /// The worker, unique among all processes.
    pub worker: String,
    pub pool: WorkerPool,
    /// It has heard that the pool is paused.
    pub paused: bool,
    /// What it does with each queue of the pool.
    pub queues: Vec<QueueReport>,
}

/// What a worker does with one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueReport {
    pub queue: String,
    /// It is subscribed, or has something of it in hand. False once it is paused and has finished.
    pub working: bool,
    /// Requests in hand: taken from the queue and not acked.
    pub in_hand: u32,
    /// How long ago the oldest of them had been accepted or had fallen due, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<i64>,
    /// Requests that it has handled since it started.
    pub handled: u64,
    /// How long ago it handled the last one, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<i64>,
}

impl Control {
    pub fn order(order: PoolOrder) -> Self {
        Self { v: VERSION, say: ControlKind::Order(order) }
    }

    /// A question for reports, to this routing key.
    pub fn ask(reply_to: &str) -> Self {
        Self { v: VERSION, say: ControlKind::Ask(reply_to.to_owned()) }
    }
}

impl Report {
    pub fn new(worker: &str, pool: WorkerPool, paused: bool, queues: Vec<QueueReport>) -> Self {
        Self { v: VERSION, worker: worker.to_owned(), pool, paused, queues }
    }
}

impl Message for Control {
    fn version(&self) -> u8 {
        self.v
    }
}

impl Message for Report {
    fn version(&self) -> u8 {
        self.v
    }
}
