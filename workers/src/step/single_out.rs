//! Decides many items in one transaction, and singles out the items that the database refuses.

use booking::ledger::{Changes, Decision, Footprint, Ledger};
use store::lock::SeatingPlans;
use store::{Failure, Transaction};

use super::retry::Stopped;
use super::transact::{NotDone, Step, persist};
use crate::context::Context;

/// A step for many items. Any part of them can also be decided in a separate transaction.
pub(crate) trait SharedStep: Send + Sync {
    /// What is decided, for example a request.
    type Item: Sync;
    /// The result of the decisions of one transaction.
    type Output: Send;

    /// The rows to lock in the first attempt.
    fn footprint(&self, part: &[Self::Item]) -> Footprint;

    /// Decides these items, under the rules of [`Step::decide`].
    fn decide(
        &self,
        part: &[Self::Item],
        transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> impl Future<Output = Result<Decision<Self::Output>, Failure>> + Send;

    /// Called after these items were decided and committed.
    fn committed(&mut self, part: &[Self::Item], output: Self::Output, changes: Changes);

    /// Called for an item that the database refuses even alone. It must become a dead letter.
    fn give_up(
        &mut self,
        item: &Self::Item,
        reason: &str,
    ) -> impl Future<Output = Result<(), Stopped>> + Send;
}

/// Decides these items in one transaction. If the database refuses it, the items are split into
/// halves, and these again, until the refused item is alone. The others are decided in their order.
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
                    // The last part pushed is decided first, so this keeps the order.
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
