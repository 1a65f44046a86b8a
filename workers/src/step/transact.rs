//! One transaction: lock, decide, write, commit. And again, where somebody came between.

use std::time::{Duration, Instant};

use booking::ids::EventId;
use booking::ledger::{Changes, Decision, Footprint, Ledger};
use process::backoff::Backoff;
use process::failpoint;
use store::lock::SeatingPlans;
use store::{Failure, Transaction, pool, stock};

use crate::context::Context;
use crate::metrics;
use crate::step::retry::{Stopped, wait_to_retry};

/// How often a transaction begins anew before it gives way for a while.
const ROUNDS_MAX: usize = 8;

/// The decisions of one transaction.
pub(crate) trait Step: Sync {
    /// What it comes to.
    type Output: Send;

    /// Decides over locked rows. It may read and write rows that hang on locked ones; it must not
    /// keep anything, for it may be asked again, with more rows locked or after a conflict.
    fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> impl Future<Output = Result<Decision<Self::Output>, Failure>> + Send;
}

/// Why a step was not taken.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// The process ends.
    Stopped,
    /// The database refuses these very rows.
    Refused(store::Error),
}

impl From<Stopped> for NotDone {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

/// Takes a step, as often as it needs: while the database is away, the work is held back here, in
/// order, and nothing is given back to the broker, where it would count as a failed delivery.
pub(crate) async fn persist<S: Step>(
    context: &Context,
    queue: &str,
    footprint: &Footprint,
    plans: &SeatingPlans,
    step: &S,
) -> Result<(S::Output, Changes), NotDone> {
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(2));
    loop {
        let attempt = transact(context, queue, footprint.clone(), plans, step);
        let done = tokio::time::timeout(context.answer_timeout(), attempt).await;
        match done.unwrap_or_else(|_| Err(Failure::Transient(pool::no_answer()))) {
            Ok((output, changes)) => {
                metrics::committed(&changes);
                return Ok((output, changes));
            }
            Err(Failure::Refused(error)) => return Err(NotDone::Refused(error)),
            Err(failure) => {
                metrics::pool(queue).database.inc();
                wait_to_retry(context, queue, &failure, &mut backoff).await?;
            }
        }
    }
}

/// The seating plans of these events, as soon as the database can say. Unknown events have none.
pub(crate) async fn find_plans(
    context: &Context,
    queue: &str,
    events: Vec<EventId>,
) -> Result<SeatingPlans, Stopped> {
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(2));
    loop {
        let found = context.plans.find_plans(&context.pool, &events);
        match pool::in_time(context.answer_timeout(), found).await {
            Ok(plans) => return Ok(plans),
            Err(error) => {
                metrics::pool(queue).database.inc();
                wait_to_retry(context, queue, &error, &mut backoff).await?;
            }
        }
    }
}

async fn transact<S: Step>(
    context: &Context,
    queue: &str,
    mut footprint: Footprint,
    plans: &SeatingPlans,
    step: &S,
) -> Result<(S::Output, Changes), Failure> {
    let meter = metrics::pool(queue);
    for _ in 0..ROUNDS_MAX {
        let begun = Instant::now();
        let replan = context.replan.next_plans();
        let (mut transaction, mut ledger) =
            Transaction::lock(&context.pool, replan, &footprint, plans).await?;
        let output = match step.decide(&mut transaction, &mut ledger).await? {
            Decision::Made(output) => output,
            Decision::NeedsLocks(need) => {
                transaction.rollback().await?;
                meter.footprint.inc();
                footprint.absorb(need);
                continue;
            }
        };
        let changes = ledger.changes(queue);
        match stock::write(&mut transaction, &changes).await {
            Ok(()) => {
                failpoint::reach("transaction.written").await;
                transaction.commit().await?;
                meter.transaction.observe(begun.elapsed().as_secs_f64());
                return Ok((output, changes));
            }
            Err(Failure::Conflict) => {
                transaction.rollback().await?;
                meter.conflict.inc();
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Conflict)
}
