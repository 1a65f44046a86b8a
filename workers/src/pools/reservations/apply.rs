//! Applies a batch: one transaction, or more where a request in it is poison.

use std::collections::VecDeque;

use booking::decide::{Footprint, Ledger, cancel, reject_faulty, reserve};
use booking::messages::{Outcomes, Request, Reserve};
use broker::topology::REQUESTS;
use store::lock::Houses;
use store::{Failure, Transaction};

use super::batch::{Batch, Taken};
use crate::context::Context;
use crate::step::announce::Announcement;
use crate::step::dead_letter::dead_letter;
use crate::step::retry::Stopped;
use crate::step::transact::{NotDone, Step, find_houses, persist};

/// The requests of one transaction, those of a partition decided in order of acceptance.
struct Decide<'a>(&'a [Taken]);

impl Step for Decide<'_> {
    type Output = ();

    async fn decide(
        &self,
        _transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Result<(), Footprint>, Failure> {
        let mut need = Footprint::default();
        for taken in self.0 {
            match &taken.request {
                Request::Cancel(request) => cancel(ledger, request),
                Request::Reserve(request) => {
                    // The rest is decided too, for what it needs: one more round serves all.
                    if let Err(more) = reserve(ledger, request) {
                        need.absorb(more);
                    }
                }
            }
        }
        Ok(if need.is_empty() { Ok(()) } else { Err(need) })
    }
}

/// A request that the database refuses to write as it is.
struct Reject<'a>(&'a Reserve);

impl Step for Reject<'_> {
    type Output = ();

    async fn decide(
        &self,
        _transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Result<(), Footprint>, Failure> {
        reject_faulty(ledger, self.0);
        Ok(Ok(()))
    }
}

/// Decides and commits a batch; returns what is to be told before it is acked. A request that the
/// database refuses is singled out to the dead letters, and its neighbours are decided.
pub(super) async fn apply(context: &Context, batch: Batch) -> Result<Announcement, Stopped> {
    let mut progress = batch.progress();
    let mut announcement = Announcement::default();
    for spoilt in batch.unreadable {
        announcement.message(dead_letter(&spoilt.queue, spoilt.body, &spoilt.reason));
    }
    let events = batch.readable.iter().map(|taken| taken.request.id().0).collect();
    let houses = find_houses(context, REQUESTS, events).await?;
    let mut known = batch.readable;
    let is_unknown = |taken: &mut Taken| !houses.contains_key(&taken.request.id().0);
    for taken in known.extract_if(.., is_unknown) {
        announcement.message(poison(&taken, "there is no such event"));
    }
    let mut parts = VecDeque::from([known.as_slice()]);
    while let Some(part) = parts.pop_front() {
        if part.is_empty() {
            continue;
        }
        match decide(context, part, &houses).await {
            Ok(mut outcomes) => {
                outcomes.progress = std::mem::take(&mut progress);
                batch.traces.follow(&mut outcomes);
                announcement.outcomes(context, &outcomes);
            }
            Err(NotDone::Stopped) => return Err(Stopped),
            Err(NotDone::Refused(error)) if part.len() == 1 => {
                announcement.message(poison(&part[0], &error.to_string()));
                reject(context, &part[0].request, &houses, &mut announcement).await?;
            }
            Err(NotDone::Refused(_)) => {
                let (left, right) = part.split_at(part.len() / 2);
                parts.push_front(right);
                parts.push_front(left);
            }
        }
    }
    Ok(announcement)
}

/// Gives the buyer of a poison request an answer, where even that is not refused.
async fn reject(
    context: &Context,
    request: &Request,
    houses: &Houses,
    announcement: &mut Announcement,
) -> Result<(), Stopped> {
    let Request::Reserve(request) = request else { return Ok(()) };
    let mut footprint = Footprint::default();
    footprint.reservations.insert((request.event, request.id));
    match persist(context, REQUESTS, &footprint, houses, &Reject(request)).await {
        Ok(((), changes)) => announcement.outcomes(context, &changes.outcomes),
        Err(NotDone::Refused(_)) => {}
        Err(NotDone::Stopped) => return Err(Stopped),
    }
    Ok(())
}

async fn decide(
    context: &Context,
    requests: &[Taken],
    houses: &Houses,
) -> Result<Outcomes, NotDone> {
    let mut footprint = Footprint::default();
    for Taken { request, .. } in requests {
        footprint.add_request(request, &houses[&request.id().0]);
    }
    let step = Decide(requests);
    let ((), changes) = persist(context, REQUESTS, &footprint, houses, &step).await?;
    tracing::debug!(
        requests = requests.len(),
        inserted = changes.inserted.len(),
        updated = changes.updated.len(),
        tickets = changes.tickets.len(),
        "committed"
    );
    Ok(changes.outcomes)
}

fn poison(taken: &Taken, reason: &str) -> broker::Message {
    let body = serde_json::to_vec(&taken.request).expect("plain data always has a JSON form");
    dead_letter(&taken.queue, body, reason)
}
