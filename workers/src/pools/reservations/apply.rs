//! Applies a batch: one transaction, or several if a request in it is poison.

use booking::ledger::{Changes, Decision, Footprint, Ledger};
use booking::messages::Progress;
use booking::requests::{Decide, Request, decide_all};
use broker::topology::REQUESTS;
use store::lock::SeatingPlans;
use store::{Failure, Transaction};

use crate::context::Context;
use crate::pools::batch::{Batch, Taken, progress_of};
use crate::step::announce::Announcement;
use crate::step::dead_letter::bury_request;
use crate::step::retry::Stopped;
use crate::step::single_out::{SharedStep, single_out};
use crate::step::traces::Traces;
use crate::step::transact::{NotDone, Step, find_plans, persist};

/// Decides and commits a batch. Returns what to announce before the batch is acked. A request that
/// the database refuses is singled out as a dead letter; the others are decided.
pub(super) async fn apply_batch(
    context: &Context,
    batch: Batch<Request>,
) -> Result<Announcement, Stopped> {
    let progress = progress_of(&batch.readable);
    let Batch { mut readable, mut announcement, traces, .. } = batch;
    let events = readable.iter().map(|taken| taken.request.key().0).collect();
    let plans = find_plans(context, REQUESTS, events).await?;
    let is_unknown = |taken: &mut Taken<Request>| !plans.contains_key(&taken.request.key().0);
    for taken in readable.extract_if(.., is_unknown) {
        let reason = "there is no such event";
        announcement.message(bury_request(&taken.queue, &taken.request, reason));
    }
    let mut apply = Apply { context, plans: &plans, traces, progress, announcement };
    single_out(context, REQUESTS, &plans, &readable, &mut apply).await?;
    Ok(apply.announcement)
}

struct Apply<'a> {
    context: &'a Context,
    plans: &'a SeatingPlans,
    traces: Traces,
    /// The progress of the queues. The first outcomes take it, so it is announced once.
    progress: Vec<Progress>,
    announcement: Announcement,
}

impl SharedStep for Apply<'_> {
    type Item = Taken<Request>;
    type Output = ();

    fn footprint(&self, part: &[Taken<Request>]) -> Footprint {
        let mut footprint = Footprint::default();
        for Taken { request, .. } in part {
            request.footprint(&self.plans[&request.key().0], &mut footprint);
        }
        footprint
    }

    async fn decide(
        &self,
        part: &[Taken<Request>],
        _transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<()>, Failure> {
        Ok(decide_all(ledger, part.iter().map(|taken| &taken.request)))
    }

    fn committed(&mut self, part: &[Taken<Request>], (): (), changes: Changes) {
        tracing::debug!(
            requests = part.len(),
            inserted = changes.inserted.len(),
            updated = changes.updated.len(),
            tickets = changes.tickets.len(),
            "committed"
        );
        let mut outcomes = changes.outcomes;
        outcomes.progress = std::mem::take(&mut self.progress);
        self.traces.follow(&mut outcomes);
        self.announcement.outcomes(self.context, &outcomes);
    }

    async fn give_up(&mut self, taken: &Taken<Request>, reason: &str) -> Result<(), Stopped> {
        self.announcement.message(bury_request(&taken.queue, &taken.request, reason));
        self.reject(&taken.request).await
    }
}

impl Apply<'_> {
    /// Rejects a poison request, so that its buyer gets an answer. If the database refuses this row
    /// too, only the dead letter remains.
    async fn reject(&mut self, request: &Request) -> Result<(), Stopped> {
        let mut footprint = Footprint::default();
        footprint.reservations.insert(request.key());
        let reject = Reject(request);
        match persist(self.context, REQUESTS, &footprint, self.plans, &reject).await {
            Ok(((), changes)) => self.announcement.outcomes(self.context, &changes.outcomes),
            Err(NotDone::Refused(_)) => {}
            Err(NotDone::Stopped) => return Err(Stopped),
        }
        Ok(())
    }
}

/// Rejects a request that the database refused to write.
struct Reject<'a>(&'a Request);

impl Step for Reject<'_> {
    type Output = ();

    async fn decide(
        &self,
        _transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<()>, Failure> {
        self.0.reject(ledger);
        Ok(Decision::Made(()))
    }
}
