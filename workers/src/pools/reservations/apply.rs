//! Applies a batch: one transaction, or more where a request in it is poison.

use std::collections::VecDeque;

use booking::ids::ReservationId;
use booking::ledger::{Decision, Footprint, Ledger};
use booking::messages::BatchOutcome;
use booking::requests::{Decide, Request, Reserve, decide_all};
use broker::topology::REQUESTS;
use process::broken::Break;
use sqlx::PgConnection;
use store::Failure;
use store::lock::SeatingPlans;

use super::batch::{Batch, Taken};
use crate::context::Context;
use crate::step::announce::Announcement;
use crate::step::dead_letter::dead_letter;
use crate::step::retry::Stopped;
use crate::step::transact::{NotDone, Step, find_plans, persist};

/// The requests of one transaction, those of a partition decided in order of acceptance.
struct Apply<'a>(&'a [Taken]);

impl Step for Apply<'_> {
    type Output = ();

    async fn decide(
        &self,
        _connection: &mut PgConnection,
        ledger: &mut Ledger,
    ) -> Result<Decision<()>, Failure> {
        if Break::NoDedupe.is_on() {
            let others: Vec<Request> =
                self.0.iter().map(|taken| as_another(ledger, &taken.request)).collect();
            return Ok(decide_all(ledger, &others));
        }
        Ok(decide_all(ledger, self.0.iter().map(|taken| &taken.request)))
    }
}

/// Another request where this one is known: the process is broken so on purpose.
fn as_another(ledger: &Ledger, request: &Request) -> Request {
    match request {
        Request::Reserve(reserve) if ledger.reservation(request.key()).is_some() => {
            let id = ReservationId(uuid::Uuid::from_u128(rand::random()));
            Reserve { id, ..reserve.clone() }.into()
        }
        _ => request.clone(),
    }
}

/// A request that the database refuses to write as it is.
struct Reject<'a>(&'a Request);

impl Step for Reject<'_> {
    type Output = ();

    async fn decide(
        &self,
        _connection: &mut PgConnection,
        ledger: &mut Ledger,
    ) -> Result<Decision<()>, Failure> {
        self.0.reject(ledger);
        Ok(Decision::Made(()))
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
    let events = batch.readable.iter().map(|taken| taken.request.key().0).collect();
    let plans = find_plans(context, REQUESTS, events).await?;
    let mut known = batch.readable;
    let is_unknown = |taken: &mut Taken| !plans.contains_key(&taken.request.key().0);
    for taken in known.extract_if(.., is_unknown) {
        announcement.message(poison(&taken, "there is no such event"));
    }
    let mut parts = VecDeque::from([known.as_slice()]);
    while let Some(part) = parts.pop_front() {
        if part.is_empty() {
            continue;
        }
        match decide(context, part, &plans).await {
            Ok(mut outcomes) => {
                outcomes.progress = std::mem::take(&mut progress);
                batch.traces.follow(&mut outcomes);
                announcement.outcomes(context, &outcomes);
            }
            Err(NotDone::Stopped) => return Err(Stopped),
            Err(NotDone::Refused(error)) if part.len() == 1 => {
                announcement.message(poison(&part[0], &error.to_string()));
                reject(context, &part[0].request, &plans, &mut announcement).await?;
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
    plans: &SeatingPlans,
    announcement: &mut Announcement,
) -> Result<(), Stopped> {
    let mut footprint = Footprint::default();
    footprint.reservations.insert(request.key());
    match persist(context, REQUESTS, &footprint, plans, &Reject(request)).await {
        Ok(((), changes)) => announcement.outcomes(context, &changes.outcomes),
        Err(NotDone::Refused(_)) => {}
        Err(NotDone::Stopped) => return Err(Stopped),
    }
    Ok(())
}

async fn decide(
    context: &Context,
    requests: &[Taken],
    plans: &SeatingPlans,
) -> Result<BatchOutcome, NotDone> {
    let mut footprint = Footprint::default();
    for Taken { request, .. } in requests {
        request.footprint(&plans[&request.key().0], &mut footprint);
    }
    let step = Apply(requests);
    let ((), changes) = persist(context, REQUESTS, &footprint, plans, &step).await?;
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
