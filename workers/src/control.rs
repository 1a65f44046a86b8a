//! Control messages from operators: orders to pause and to resume, and requests for a report. An
//! order is stored in the database before it is published, so a worker that missed the message
//! reads the order when it connects again.

use std::time::Duration;

use booking::domain::WorkerPool;
use booking::messages::{Control, ControlKind, Message, Report};
use broker::topology::{CONTROL, TO_WORKERS};
use broker::{Connection, Feed, LostConnection, Publication};
use process::clock;
use store::{pool, pool_orders};

use crate::context::Context;
use crate::fleet::in_hand;

/// How long a pool that connects waits for the database. After that it starts with the last orders
/// that it knows.
const FIRST_READ: Duration = Duration::from_secs(2);
/// How often the orders are read again until the database answers.
const READ_AGAIN: Duration = Duration::from_secs(2);

/// The control messages for one pool, on the pool's own connection.
pub(crate) struct ControlFeed<'a> {
    context: &'a Context,
    pool: WorkerPool,
    feed: Feed,
    /// Whether the stored orders were read on this connection.
    is_read: bool,
}

impl<'a> ControlFeed<'a> {
    /// Subscribes first and then reads the stored orders, so that no order is missed in between. If
    /// the database does not answer, the pool goes on with the last orders that it knows.
    pub(crate) async fn open(
        context: &'a Context,
        connection: &Connection,
        pool: WorkerPool,
    ) -> Result<Self, LostConnection> {
        let feed = Feed::open_at(connection, CONTROL, TO_WORKERS).await?;
        let first = tokio::time::timeout(FIRST_READ, read(context)).await;
        Ok(Self { context, pool, feed, is_read: first == Ok(true) })
    }

    /// Handles control messages until the process stops.
    pub(crate) async fn keep(mut self) -> Result<(), LostConnection> {
        let mut again = tokio::time::interval(READ_AGAIN);
        loop {
            tokio::select! {
                heard = self.feed.next() => self.hear(&heard?).await,
                _ = again.tick(), if !self.is_read => self.is_read = read(self.context).await,
                () = self.context.stop.cancelled() => return Ok(()),
            }
        }
    }

    async fn hear(&self, body: &[u8]) {
        let Ok(control) = Control::decode(body) else { return };
        match control.say {
            ControlKind::Order(order) => self.context.orders.hear(&order),
            ControlKind::Ask(reply_to) => {
                let context = self.context;
                let queues = context.topology.queues_of(self.pool);
                let queues = in_hand::report(&queues, clock::now());
                let paused = context.orders.is_paused(self.pool);
                let report = Report::new(&context.worker, self.pool, paused, queues);
                let answer = Publication::hint(CONTROL, reply_to, report.encode());
                // A lost report needs no retry: the operator's command stops waiting after a while.
                let _lost = context.publisher.publish(answer).await;
            }
        }
    }
}

/// Reads the stored orders. False if the database does not answer.
async fn read(context: &Context) -> bool {
    let read = async { pool_orders::all(&mut *context.pool.acquire().await?).await };
    // Limited, because the feed is not read meanwhile: a silent network would keep back all orders.
    match pool::in_time(context.answer_timeout(), read).await {
        Ok(orders) => {
            for order in &orders {
                context.orders.hear(order);
            }
            true
        }
        Err(error) => {
            tracing::warn!(%error, "cannot read which pools are paused");
            false
        }
    }
}
