//! Frees the holds that are due.

use std::collections::VecDeque;
use std::sync::Arc;

use booking::decide::{Expiry, Footprint, Ledger, expire};
use booking::domain::WorkerPool;
use booking::messages::{DueHold, DueHolds, Message, Prompt};
use broker::topology::HOLDS_DUE;
use broker::{Connection, Delivery, LostConnection, Subscription};
use chrono::{DateTime, Utc};
use process::failpoint;
use store::{Failure, Transaction};

use crate::context::Context;
use crate::fleet::in_hand::InHand;
use crate::metrics;
use crate::step::announce::Announcement;
use crate::step::dead_letter::dead_letter;
use crate::step::retry::Stopped;
use crate::step::transact::{NotDone, Step, find_houses, persist};
use crate::subscriber::Subscriber;

/// Consumes the queue of due holds until the process stops.
pub(super) async fn run(
    context: &Arc<Context>,
    connection: &Arc<Connection>,
) -> Result<(), LostConnection> {
    let prefetch = context.settings.workers.prefetch;
    let subscription = Subscription { queue: HOLDS_DUE.to_owned(), prefetch, priority: 0 };
    if !context.may_work(WorkerPool::Expiry, &[HOLDS_DUE]).await {
        return Ok(());
    }
    let mut subscriber = Subscriber::open(context, connection, subscription.clone()).await?;
    let mut left = VecDeque::new();
    loop {
        let first = tokio::select! {
            biased;
            () = context.stop.cancelled() => break,
            () = context.orders.until(WorkerPool::Expiry, true) => None,
            first = subscriber.next() => Some(first?),
        };
        if let Some(first) = first {
            let Ok(()) = handle(context, &mut subscriber, first, &mut left).await? else { break };
            continue;
        }
        // Paused. What has come already is finished first.
        left.extend(subscriber.cancel().await?);
        while let Some(first) = left.pop_front() {
            let Ok(()) = handle(context, &mut subscriber, first, &mut left).await? else {
                return Ok(());
            };
        }
        if !context.may_work(WorkerPool::Expiry, &[HOLDS_DUE]).await {
            break;
        }
        subscriber.subscribe(subscription.clone()).await?;
    }
    // What is not begun goes back to the queue with the channel.
    subscriber.close().await;
    Ok(())
}

/// One batch: what came first, and what is there besides.
async fn handle(
    context: &Context,
    subscriber: &mut Subscriber,
    first: Delivery,
    left: &mut VecDeque<Delivery>,
) -> Result<Result<(), Stopped>, LostConnection> {
    let (mut last, mut announcement) = (first, Announcement::default());
    let mut holds = read(&last, &mut announcement);
    let (mut envelopes, mut again) = (1, u64::from(last.redelivered));
    while holds.len() < context.settings.workers.batch_requests_max {
        let Some(delivery) = left.pop_front().map(Ok).or_else(|| subscriber.try_next()) else {
            break;
        };
        last = delivery?;
        holds.extend(read(&last, &mut announcement));
        envelopes += 1;
        again += u64::from(last.redelivered);
    }
    let meter = metrics::pool(HOLDS_DUE);
    meter.batch_requests.observe(holds.len() as f64);
    meter.batch_envelopes.observe(f64::from(envelopes));
    meter.redelivered.inc_by(again);
    let oldest = holds.iter().map(|(_, hold)| hold.due_at).min();
    let _in_hand = oldest.map(|due_at| InHand::take(HOLDS_DUE, holds.len(), due_at));
    let Ok(()) = free(context, &holds, &mut announcement).await else { return Ok(Err(Stopped)) };
    failpoint::reach("expiry.committed").await;
    let Ok(()) = announcement.send(context, HOLDS_DUE).await else { return Ok(Err(Stopped)) };
    failpoint::reach("expiry.told").await;
    if let Err(error) = last.ack_through().await {
        // They come again, and the rest with them.
        left.clear();
        subscriber.lost(&error)?;
    }
    Ok(Ok(()))
}

/// Each hold decided in one transaction, in the order of their keys.
struct Expire<'a>(&'a [(Prompt, DueHold)]);

#[derive(Default)]
struct Expired {
    freed: Vec<(Prompt, DateTime<Utc>)>,
    again: Vec<(Prompt, DueHold)>,
}

impl Step for Expire<'_> {
    type Output = Expired;

    async fn decide(
        &self,
        _transaction: &mut Transaction,
        ledger: &mut Ledger,
    ) -> Result<Result<Expired, Footprint>, Failure> {
        let mut done = Expired::default();
        for (prompt, hold) in self.0 {
            match expire(ledger, (hold.event, hold.reservation)) {
                Expiry::Expired => done.freed.push((*prompt, hold.due_at)),
                Expiry::NotDue(due_at) => done.again.push((*prompt, DueHold { due_at, ..*hold })),
                Expiry::Over => {}
            }
        }
        Ok(Ok(done))
    }
}

async fn free(
    context: &Context,
    holds: &[(Prompt, DueHold)],
    announcement: &mut Announcement,
) -> Result<(), Stopped> {
    let events = holds.iter().map(|(_, hold)| hold.event).collect();
    let houses = find_houses(context, HOLDS_DUE, events).await?;
    let mut footprint = Footprint::default();
    let known = |hold: &&(Prompt, DueHold)| houses.contains_key(&hold.1.event);
    let keys = holds.iter().filter(known).map(|(_, hold)| (hold.event, hold.reservation));
    footprint.reservations.extend(keys);
    match persist(context, HOLDS_DUE, &footprint, &houses, &Expire(holds)).await {
        Ok((expired, changes)) => {
            let now = changes.outcomes.decided_at;
            for prompt in [Prompt::Hold, Prompt::Rearm, Prompt::Audit] {
                let again = expired.again.iter().filter(|(p, _)| *p == prompt);
                announcement.holds(context, prompt, again.map(|(_, hold)| *hold), now);
                let freed = expired.freed.iter().filter(|(p, _)| *p == prompt).count();
                if freed > 0 {
                    tracing::info!(freed, ?prompt, "holds expired");
                }
            }
            metrics::freed(&expired.freed, now);
            announcement.outcomes(context, &changes.outcomes);
            Ok(())
        }
        Err(NotDone::Stopped) => Err(Stopped),
        Err(NotDone::Refused(error)) => {
            let body = serde_json::to_vec(holds).expect("plain data always has a JSON form");
            announcement.message(dead_letter(HOLDS_DUE, body, &error.to_string()));
            Ok(())
        }
    }
}

fn read(delivery: &Delivery, announcement: &mut Announcement) -> Vec<(Prompt, DueHold)> {
    match DueHolds::decode(&delivery.body) {
        Ok(due) => due.holds.iter().map(|hold| (due.prompt, *hold)).collect(),
        Err(error) => {
            let body = delivery.body.clone();
            announcement.message(dead_letter(HOLDS_DUE, body, &error.to_string()));
            Vec::new()
        }
    }
}
