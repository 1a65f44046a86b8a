//! The loop of every worker pool: take messages, handle them as a batch, acknowledge them. It
//! pauses and resumes when an operator orders it, and ends when the process stops.

use std::collections::BTreeMap;
use std::sync::Arc;

use booking::domain::WorkerPool;
use broker::{Connection, Delivery, LostConnection};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::context::Context;
use crate::fleet::ownership::View;
use crate::intake::Intake;
use crate::step::retry::Stopped;

/// What differs between the pools.
pub(crate) trait Pool: Sized + Send + Sync + 'static {
    /// The messages that are handled together.
    type Batch: Default + Send + 'static;

    const WORKER_POOL: WorkerPool;
    const HANDLING: Handling;

    fn context(&self) -> &Arc<Context>;

    fn add(&self, batch: &mut Self::Batch, queue: &str, delivery: &Delivery);

    /// Whether a batch takes no more messages. Further ones are left for the next batch.
    fn is_full(&self, batch: &Self::Batch) -> bool;

    /// Decides a batch, commits, and announces what was committed. The caller acks the batch
    /// afterwards, so a crash in between causes a redelivery and never a loss.
    fn handle(
        self: Arc<Self>,
        batch: Self::Batch,
    ) -> impl Future<Output = Result<(), Stopped>> + Send + 'static;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handling {
    /// One batch at a time. An ack covers all earlier messages of its queue.
    InOrder,
    /// Several batches at the same time, each message acked alone.
    SideBySide,
}

/// Consumes these queues until the process stops. If a view of the live workers is given, the
/// queues are partitions, and each should be consumed by the owner of its number.
pub(crate) async fn run<P: Pool>(
    pool: &Arc<P>,
    connection: &Arc<Connection>,
    queues: Vec<(u16, String)>,
    view: Option<watch::Receiver<View>>,
) -> Result<(), LostConnection> {
    let context = pool.context();
    let names: Vec<&str> = queues.iter().map(|(_, queue)| queue.as_str()).collect();
    if !context.wait_until_unpaused(P::WORKER_POOL, &names).await {
        return Ok(());
    }
    let known = view.as_ref().map(|view| view.borrow().clone());
    let intake = Intake::open(context, connection, &queues, known.as_ref()).await?;
    let mut consuming = Consuming { pool: Arc::clone(pool), intake, view, handled: JoinSet::new() };
    match consuming.run().await {
        Ok(()) => {
            consuming.intake.close().await;
            Ok(())
        }
        Err(Ended::Stopped) => Ok(()),
        Err(Ended::Lost(error)) => Err(error),
    }
}

/// The last delivery of each queue in a batch, by the queue's place in the intake.
type Taken = BTreeMap<usize, Delivery>;

/// Why consuming ended before all work in hand was finished.
#[derive(Debug)]
enum Ended {
    /// The process is stopping and a batch could not be finished.
    Stopped,
    Lost(LostConnection),
}

impl From<LostConnection> for Ended {
    fn from(error: LostConnection) -> Self {
        Self::Lost(error)
    }
}

struct Consuming<P> {
    pool: Arc<P>,
    intake: Intake,
    view: Option<watch::Receiver<View>>,
    /// One task for each batch in hand.
    handled: JoinSet<(Taken, Result<(), Stopped>)>,
}

impl<P: Pool> Consuming<P> {
    async fn run(&mut self) -> Result<(), Ended> {
        let context = Arc::clone(self.pool.context());
        loop {
            let may_begin = self.may_begin();
            tokio::select! {
                // Biased: a stop comes first, then finished batches are acked; both come before new
                // messages, which may never run out.
                biased;
                () = context.stop.cancelled(), if may_begin => break,
                Some(handled) = self.handled.join_next() => {
                    let taken = self.settle(handled).await?;
                    self.intake.yield_to_owners(taken.keys().copied()).await?;
                }
                () = context.orders.until(P::WORKER_POOL, true), if may_begin => {
                    self.pause(&context).await?;
                }
                view = next_view(&mut self.view), if may_begin => {
                    self.intake.take_view(&view).await?;
                }
                arrived = self.intake.arrival(), if may_begin => {
                    arrived?;
                    self.begin()?;
                }
            }
        }
        self.finish().await
    }

    /// `InOrder` pools begin nothing while a batch is in hand: an ack of the later batch would also
    /// cover the earlier one.
    fn may_begin(&self) -> bool {
        P::HANDLING == Handling::SideBySide || self.handled.is_empty()
    }

    /// Begins to handle what has come; false where nothing has.
    fn begin(&mut self) -> Result<bool, Ended> {
        let mut batch = P::Batch::default();
        let mut taken = Taken::new();
        while !self.pool.is_full(&batch) {
            let Some((place, delivery)) = self.intake.take()? else { break };
            self.pool.add(&mut batch, self.intake.queue(place), &delivery);
            let earlier = taken.insert(place, delivery);
            let is_covered = earlier.is_none() || P::HANDLING == Handling::InOrder;
            debug_assert!(is_covered, "side by side, an ack of the last covers no earlier message");
        }
        if taken.is_empty() {
            return Ok(false);
        }
        let pool = Arc::clone(&self.pool);
        self.handled.spawn(async move { (taken, pool.handle(batch).await) });
        Ok(true)
    }

    /// Acks a batch that was handled. A batch that was not handled is not acked, so the broker
    /// redelivers it to another worker.
    async fn settle(
        &mut self,
        handled: Result<(Taken, Result<(), Stopped>), JoinError>,
    ) -> Result<Taken, Ended> {
        let (taken, done) = handled.map_err(|error| LostConnection(error.to_string()))?;
        if let Err(Stopped) = done {
            // In order, an ack of a later batch would also cover this one, so no more acks are
            // allowed. Side by side, the other batches in hand may still finish.
            return match P::HANDLING {
                Handling::InOrder => Err(Ended::Stopped),
                Handling::SideBySide => Ok(Taken::new()),
            };
        }
        for place in taken.keys() {
            tracing::debug!(queue = self.intake.queue(*place), "decided");
        }
        self.ack(&taken).await?;
        Ok(taken)
    }

    async fn ack(&mut self, taken: &Taken) -> Result<(), LostConnection> {
        for (place, last) in taken {
            match P::HANDLING {
                Handling::InOrder => self.intake.ack_through(*place, last).await?,
                Handling::SideBySide => self.intake.ack(*place, last).await?,
            }
        }
        Ok(())
    }

    async fn pause(&mut self, context: &Context) -> Result<(), Ended> {
        self.finish().await?;
        if !context.wait_until_unpaused(P::WORKER_POOL, &self.intake.queues()).await {
            return Err(Ended::Stopped);
        }
        Ok(self.intake.join_again().await?)
    }

    /// Cancels the subscriptions, and finishes the messages that have arrived already. To give them
    /// back would count as a failed delivery.
    async fn finish(&mut self) -> Result<(), Ended> {
        self.intake.leave().await?;
        loop {
            while self.may_begin() && self.begin()? {}
            let Some(handled) = self.handled.join_next().await else { return Ok(()) };
            self.settle(handled).await?;
        }
    }
}

/// Waits for the next change of the view. Without a view, or when its sender has ended, it waits
/// for ever.
async fn next_view(view: &mut Option<watch::Receiver<View>>) -> View {
    if let Some(view) = view
        && view.changed().await.is_ok()
    {
        return view.borrow_and_update().clone();
    }
    std::future::pending().await
}
