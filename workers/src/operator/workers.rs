//! The operators' side of the control messages: sends orders to workers, and collects reports.

use std::time::Duration;

use anyhow::Context;
use booking::messages::{Control, Message, PoolOrder, Report};
use broker::topology::{CONTROL, TO_WORKERS};
use broker::{Connection, Feed, Publication, PublishError, Sender};
use process::settings::Settings;
use tokio::time::Instant;

/// How long to wait for the first report.
const FIRST: Duration = Duration::from_secs(1);
/// After this time without a report, no more are expected.
const QUIET: Duration = Duration::from_millis(300);
/// How long to wait for reports in total.
const ALL: Duration = Duration::from_secs(3);

/// A connection for control messages to all workers.
pub(super) struct Workers {
    pub(super) connection: Connection,
    sender: Sender,
    reply_to: String,
    feed: Feed,
}

impl Workers {
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let connection = Connection::open(&settings.broker, "an operator").await?;
        let timeout = Duration::from_millis(settings.broker.publish_timeout_ms);
        let sender = Sender::open(&connection, timeout).await?;
        let reply_to = format!("reports.{}", uuid::Uuid::from_u128(rand::random()).simple());
        let feed = Feed::open_at(&connection, CONTROL, &reply_to)
            .await
            .context("no line to the workers: see workers topology diff")?;
        Ok(Self { connection, sender, reply_to, feed })
    }

    /// Publishes an order to all workers.
    pub(super) async fn order(&self, order: PoolOrder) -> Result<(), PublishError> {
        self.say(&Control::order(order)).await
    }

    /// Collects reports from the workers of all pools. Those that do not answer in time are left
    /// out.
    pub(super) async fn reports(&mut self) -> anyhow::Result<Vec<Report>> {
        self.say(&Control::ask(&self.reply_to)).await?;
        let asked = Instant::now();
        let mut reports = Vec::new();
        let mut until = asked + FIRST;
        while let Ok(heard) = tokio::time::timeout_at(until, self.feed.next()).await {
            // A late report for an earlier request is as good as a new one.
            reports.extend(Report::decode(&heard?));
            until = (Instant::now() + QUIET).min(asked + ALL);
        }
        Ok(newest(reports))
    }

    async fn say(&self, control: &Control) -> Result<(), PublishError> {
        let message = Publication::hint(CONTROL, TO_WORKERS.to_owned(), control.encode());
        self.sender.send(&message).await
    }
}

/// Keeps the last report for each worker and pool.
fn newest(reports: Vec<Report>) -> Vec<Report> {
    let key = |report: &Report| (report.pool, report.worker.clone());
    let by_key = reports.into_iter().map(|report| (key(&report), report));
    by_key.collect::<std::collections::BTreeMap<_, _>>().into_values().collect()
}
