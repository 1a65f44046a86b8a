//! The loop of every worker pool: take what has come, handle it, ack it; pause and go on when
//! operators say so; stop when the process stops.

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

    /// Which pool it is: operators pause it by that name.
    const WORKER_POOL: WorkerPool;
    /// How its batches are handled.
    const HANDLING: Handling;

    /// What all pools share.
    fn context(&self) -> &Arc<Context>;

    /// Adds a message that came from this queue to a batch.
    fn add(&self, batch: &mut Self::Batch, queue: &str, delivery: &Delivery);

    /// Whether a batch is large enough: what else has come is for the next one.
    fn is_full(&self, batch: &Self::Batch) -> bool;

    /// Decides a batch, commits, and announces what was committed. After that it is acked.
    fn handle(
        self: Arc<Self>,
        batch: Self::Batch,
    ) -> impl Future<Output = Result<(), Stopped>> + Send + 'static;
}

/// How the batches of a pool are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handling {
    /// One after another. An ack covers all messages before it.
    InOrder,
    /// Side by side, each acked alone.
    SideBySide,
}

/// Consumes these queues until the process stops. With a view of the fleet, each queue goes to the
/// worker that owns the partition of its number.
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

/// Why consuming ended before its queues were left in good order.
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
    /// The batches in hand.
    handled: JoinSet<(Taken, Result<(), Stopped>)>,
}

impl<P: Pool> Consuming<P> {
    async fn run(&mut self) -> Result<(), Ended> {
        let context = Arc::clone(self.pool.context());
        loop {
            let may_begin = self.may_begin();
            tokio::select! {
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
            taken.insert(place, delivery);
        }
        if taken.is_empty() {
            return Ok(false);
        }
        let pool = Arc::clone(&self.pool);
        self.handled.spawn(async move { (taken, pool.handle(batch).await) });
        Ok(true)
    }

    /// Acks a batch that was handled. One that was not is left to another worker.
    async fn settle(
        &mut self,
        handled: Result<(Taken, Result<(), Stopped>), JoinError>,
    ) -> Result<Taken, Ended> {
        let (taken, done) = handled.map_err(|error| LostConnection(error.to_string()))?;
        if let Err(Stopped) = done {
            // An ack of a later batch would cover this one too, so nothing more may be acked. Where
            // each is acked alone, the others in hand may still finish.
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

    /// Takes nothing more. What has come already is in hand: it is finished, not given back.
    async fn finish(&mut self) -> Result<(), Ended> {
        self.intake.leave().await?;
        loop {
            while self.may_begin() && self.begin()? {}
            let Some(handled) = self.handled.join_next().await else { return Ok(()) };
            self.settle(handled).await?;
        }
    }
}

/// The next change of the view; never, where there is none to follow.
async fn next_view(view: &mut Option<watch::Receiver<View>>) -> View {
    if let Some(view) = view
        && view.changed().await.is_ok()
    {
        return view.borrow_and_update().clone();
    }
    std::future::pending().await
}
