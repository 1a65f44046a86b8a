//! The queues that one loop consumes.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use broker::{Connection, Delivery, LostConnection};
use futures::future::{join_all, try_join_all};

use crate::context::Context;
use crate::fleet::ownership::View;
use crate::source::Source;

/// Open subscriptions, known by their places.
pub(crate) struct Intake {
    sources: Vec<Source>,
    /// Where the next message is looked for first, so that a busy queue does not keep the others
    /// out.
    turn: usize,
    yield_after: Duration,
}

impl Intake {
    /// Subscribes to all.
    pub(crate) async fn open(
        context: &Arc<Context>,
        connection: &Arc<Connection>,
        queues: &[(u16, String)],
        view: Option<&View>,
    ) -> Result<Self, LostConnection> {
        let opening = queues
            .iter()
            .map(|(number, queue)| Source::open(context, connection, *number, queue, view));
        let sources = try_join_all(opening).await?;
        let yield_after = Duration::from_millis(context.settings.workers.yield_after_ms);
        Ok(Self { sources, turn: 0, yield_after })
    }

    /// The name of a queue.
    pub(crate) fn queue(&self, place: usize) -> &str {
        &self.sources[place].queue
    }

    /// The names of all queues.
    pub(crate) fn queues(&self) -> Vec<&str> {
        self.sources.iter().map(|source| source.queue.as_str()).collect()
    }

    /// Until some queue has something to take.
    pub(crate) async fn arrival(&mut self) -> Result<(), LostConnection> {
        std::future::poll_fn(|task| {
            // All are asked, so that each wakes this task; the first that has something is enough.
            for source in &mut self.sources {
                if let Poll::Ready(arrived) = source.poll_arrival(task) {
                    return Poll::Ready(arrived);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// A message that has come, if there is one: one of each queue in turn.
    pub(crate) fn take(&mut self) -> Result<Option<(usize, Delivery)>, LostConnection> {
        for _ in 0..self.sources.len() {
            let place = self.turn % self.sources.len();
            self.turn = place + 1;
            if let Some(delivery) = self.sources[place].take()? {
                return Ok(Some((place, delivery)));
            }
        }
        Ok(None)
    }

    /// Acks a message alone.
    pub(crate) async fn ack(
        &mut self,
        place: usize,
        delivery: &Delivery,
    ) -> Result<(), LostConnection> {
        let acked = delivery.ack().await;
        self.sources[place].settle_ack(acked)
    }

    /// Acks a message and all before it that came from the same queue.
    pub(crate) async fn ack_through(
        &mut self,
        place: usize,
        last: &Delivery,
    ) -> Result<(), LostConnection> {
        let acked = last.ack_through().await;
        self.sources[place].settle_ack(acked)
    }

    /// Takes nothing more. What has come already stays to be taken.
    pub(crate) async fn leave(&mut self) -> Result<(), LostConnection> {
        try_join_all(self.sources.iter_mut().map(Source::leave)).await?;
        Ok(())
    }

    /// Subscribes again to what was left.
    pub(crate) async fn join_again(&mut self) -> Result<(), LostConnection> {
        try_join_all(self.sources.iter_mut().map(Source::join_again)).await?;
        Ok(())
    }

    /// Takes another priority at the queues that have come to this worker or gone.
    pub(crate) async fn take_view(&mut self, view: &View) -> Result<(), LostConnection> {
        for source in &mut self.sources {
            source.take_view(view).await?;
        }
        Ok(())
    }

    /// Gives queues of which messages were handled to their owners, where that is due.
    pub(crate) async fn yield_to_owners(
        &mut self,
        places: impl Iterator<Item = usize>,
    ) -> Result<(), LostConnection> {
        for place in places {
            self.sources[place].yield_to_owner(self.yield_after).await?;
        }
        Ok(())
    }

    /// To be called when nothing is left to ack.
    pub(crate) async fn close(self) {
        join_all(self.sources.into_iter().map(Source::close)).await;
    }
}
