//! One transaction: lock, decide, write, commit. It is repeated after a conflict with another
//! transaction.

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

/// How often a transaction is begun at once before the step waits and tries again.
const ROUNDS_MAX: usize = 8;

pub(crate) trait Step: Sync {
    /// The result of the decisions.
    type Output: Send;

    /// Decides with the rows of the ledger locked. It may read and write other rows that change
    /// only under these locks. It must not keep any state, because it is called again when more
    /// locks are needed or after a conflict.
    fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> impl Future<Output = Result<Decision<Self::Output>, Failure>> + Send;
}

/// Why a step has not been committed.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// The process is stopping, and the database did not answer in time.
    Stopped,
    /// The database refuses these rows, and would refuse them again.
    Refused(store::Error),
}

impl From<Stopped> for NotDone {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

/// Repeats a step until it is committed or refused. While the database does not answer, the work
/// waits here, in its order. It is not returned to the broker, where that would count as a failed
/// delivery.
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

/// The seating plans of these events; it retries until the database answers. Events that do not
/// exist are left out.
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
