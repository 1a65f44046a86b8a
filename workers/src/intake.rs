//! The subscriptions of one consuming loop.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use broker::{Connection, Delivery, LostConnection};
use futures::future::{join_all, try_join_all};

use crate::context::Context;
use crate::fleet::ownership::View;
use crate::source::Source;

/// Open subscriptions. Callers name one by its place, the index in `sources`.
pub(crate) struct Intake {
    sources: Vec<Source>,
    /// The place from which the next message is taken first. It moves on with each message, so that
    /// a busy queue does not keep the others waiting.
    turn: usize,
    yield_after: Duration,
}

impl Intake {
    /// Subscribes to all queues. The number of each is its partition's.
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

    pub(crate) fn queue(&self, place: usize) -> &str {
        &self.sources[place].queue
    }

    pub(crate) fn queues(&self) -> Vec<&str> {
        self.sources.iter().map(|source| source.queue.as_str()).collect()
    }

    /// Waits until at least one queue has a message to take.
    pub(crate) async fn arrival(&mut self) -> Result<(), LostConnection> {
        std::future::poll_fn(|task| {
            // If no queue has a message, all were polled, so each of them wakes this task.
            for source in &mut self.sources {
                if let Poll::Ready(arrived) = source.poll_arrival(task) {
                    return Poll::Ready(arrived);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Takes a message that has arrived, if there is one, from the queues in turn.
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

    /// Acks a message and all earlier ones of the same queue.
    pub(crate) async fn ack_through(
        &mut self,
        place: usize,
        last: &Delivery,
    ) -> Result<(), LostConnection> {
        let acked = last.ack_through().await;
        self.sources[place].settle_ack(acked)
    }

    /// Cancels all subscriptions. Messages that have arrived already can still be taken.
    pub(crate) async fn leave(&mut self) -> Result<(), LostConnection> {
        try_join_all(self.sources.iter_mut().map(Source::leave)).await?;
        Ok(())
    }

    /// Subscribes again to the queues that were left.
    pub(crate) async fn join_again(&mut self) -> Result<(), LostConnection> {
        try_join_all(self.sources.iter_mut().map(Source::join_again)).await?;
        Ok(())
    }

    /// Subscribes with another consumer priority to the queues whose owner has changed.
    pub(crate) async fn take_view(&mut self, view: &View) -> Result<(), LostConnection> {
        for source in &mut self.sources {
            source.take_view(view).await?;
        }
        Ok(())
    }

    /// Yields the queues at these places to their owners where that is due. Call it after messages
    /// of these queues were acked.
    pub(crate) async fn yield_to_owners(
        &mut self,
        places: impl Iterator<Item = usize>,
    ) -> Result<(), LostConnection> {
        for place in places {
            self.sources[place].yield_to_owner(self.yield_after).await?;
        }
        Ok(())
    }

    /// Closes the connections of single queues. Call it when nothing is left to ack.
    pub(crate) async fn close(self) {
        join_all(self.sources.into_iter().map(Source::close)).await;
    }
}
