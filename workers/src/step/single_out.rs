//! Decides many items in one transaction, and singles out those that the database refuses.

use booking::ledger::{Changes, Decision, Footprint, Ledger};
use store::lock::SeatingPlans;
use store::{Failure, Transaction};

use super::retry::Stopped;
use super::transact::{NotDone, Step, persist};
use crate::context::Context;

/// A step over many items, any part of which can be decided in a transaction of its own.
pub(crate) trait SharedStep: Send + Sync {
    /// What is decided: a request, say.
    type Item: Sync;
    /// What the decisions of one transaction come to.
    type Output: Send;

    /// The rows to lock at first.
    fn footprint(&self, part: &[Self::Item]) -> Footprint;

    /// Decides these items: see [`Step::decide`].
    fn decide(
        &self,
        part: &[Self::Item],
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> impl Future<Output = Result<Decision<Self::Output>, Failure>> + Send;

    /// These items were decided and committed.
    fn committed(&mut self, part: &[Self::Item], output: Self::Output, changes: Changes);

    /// The database refuses this item even alone: it goes to the dead letters.
    fn give_up(
        &mut self,
        item: &Self::Item,
        reason: &str,
    ) -> impl Future<Output = Result<(), Stopped>> + Send;
}

/// Takes a step over these items: in one transaction, or in halves of halves where one of them is
/// refused, so that its neighbours are decided all the same and in the same order.
pub(crate) async fn single_out<S: SharedStep>(
    context: &Context,
    queue: &str,
    plans: &SeatingPlans,
    items: &[S::Item],
    step: &mut S,
) -> Result<(), Stopped> {
    let mut parts = vec![items];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let footprint = step.footprint(part);
        let attempt = Part { step: &*step, items: part };
        match persist(context, queue, &footprint, plans, &attempt).await {
            Ok((output, changes)) => step.committed(part, output, changes),
            Err(NotDone::Stopped) => return Err(Stopped),
            Err(NotDone::Refused(error)) => match part {
                [one] => step.give_up(one, &error.to_string()).await?,
                many => {
                    let (first, second) = many.split_at(many.len() / 2);
                    parts.push(second);
                    parts.push(first);
                }
            },
        }
    }
    Ok(())
}

struct Part<'a, S: SharedStep> {
    step: &'a S,
    items: &'a [S::Item],
}

impl<S: SharedStep> Step for Part<'_, S> {
    type Output = S::Output;

    async fn decide(
        &self,
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Decision<S::Output>, Failure> {
        self.step.decide(self.items, transaction, ledger).await
    }
}
