//! What operators send to the workers, and what the workers answer.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Message, VERSION};
use crate::domain::WorkerPool;

/// A message to every worker process. It is a hint: what must be certain is in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    v: u8,
    pub say: ControlKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// A pool must pause or continue.
    Order(PoolOrder),
    /// Send a report to this routing key of the exchange of controls.
    Ask(String),
}

/// Whether a pool must work, as stored in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolOrder {
    pub pool: WorkerPool,
    /// The pool takes nothing from its queues.
    pub paused: bool,
    /// Rises with every order to this pool: an order with a lower revision is ignored.
    pub revision: i64,
    /// The operator's reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who gave the order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub changed_by: String,
    /// When the order was given, by the database's clock.
    #[serde(with = "ts_milliseconds")]
    pub changed_at: DateTime<Utc>,
}

/// A worker's answer to [`ControlKind::Ask`]: one for each of its pools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    v: u8,
    /// The worker's name, unique among all processes.
    pub worker: String,
    pub pool: WorkerPool,
    /// The worker knows that the pool is paused.
    pub paused: bool,
    /// What it does with each queue of the pool.
    pub queues: Vec<QueueReport>,
}

/// What a worker does with one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueReport {
    pub queue: String,
    /// It consumes the queue, or has messages of it in hand. False when it is paused and has
    /// drained.
    pub working: bool,
    /// Requests in hand: delivered and not acknowledged.
    pub in_hand: u32,
    /// How long ago the oldest request in hand was accepted or fell due, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<i64>,
    /// Requests that were handled since the start of the process.
    pub handled: u64,
    /// How long ago the last request was handled, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<i64>,
}

impl Control {
    pub fn order(order: PoolOrder) -> Self {
        Self { v: VERSION, say: ControlKind::Order(order) }
    }

    /// A request for reports, to this routing key.
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
