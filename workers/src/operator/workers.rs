//! The operators' end of the line to the workers.

use std::time::Duration;

use anyhow::Context;
use booking::messages::{Control, Message, PoolOrder, Report};
use broker::topology::{CONTROL, TO_WORKERS};
use broker::{Connection, Feed, Publication, PublishError, Sender};
use process::settings::Settings;
use tokio::time::Instant;

/// How long the first answer is waited for.
const FIRST: Duration = Duration::from_secs(1);
/// Nobody else answers after such a pause.
const QUIET: Duration = Duration::from_millis(300);
/// How long answers are waited for in all.
const ALL: Duration = Duration::from_secs(3);

/// A connection on which workers are spoken to.
pub(super) struct Workers {
    pub(super) connection: Connection,
    sender: Sender,
    reply_to: String,
    feed: Feed,
}

impl Workers {
    /// Opens the line.
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

    /// Tells every worker of an order.
    pub(super) async fn order(&self, order: PoolOrder) -> Result<(), PublishError> {
        self.say(&Control::order(order)).await
    }

    /// What the workers of all pools do now: those that answer.
    pub(super) async fn reports(&mut self) -> anyhow::Result<Vec<Report>> {
        self.say(&Control::ask(&self.reply_to)).await?;
        let asked = Instant::now();
        let mut reports = Vec::new();
        let mut until = asked + FIRST;
        while let Ok(heard) = tokio::time::timeout_at(until, self.feed.next()).await {
            // An answer to an earlier question that was late is as good.
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

/// One report for each worker and pool: the last.
fn newest(reports: Vec<Report>) -> Vec<Report> {
    let key = |report: &Report| (report.pool, report.worker.clone());
    let by_key = reports.into_iter().map(|report| (key(&report), report));
    by_key.collect::<std::collections::BTreeMap<_, _>>().into_values().collect()
}
