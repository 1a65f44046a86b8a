//! Frees the holds that are due.

use chrono::{DateTime, Utc};
use common::broker::{Connection, Consumer, Delivery, LostConnection, Subscription};
use common::decide::{Expiry, Footprint, Ledger, expire};
use common::failpoint;
use common::messages::{DueHold, DueHolds, Message, Prompt};
use common::store::Failure;
use common::topology::HOLDS_DUE;
use sqlx::PgConnection;

use crate::dead_letter::dead_letter;
use crate::in_hand::InHand;
use crate::tell::Telling;
use crate::transact::{NotDone, Step, Stopped, houses, persist};
use crate::{Context, metrics};

/// Consumes the queue of due holds until the process stops.
pub(super) async fn run(context: &Context, connection: &Connection) -> Result<(), LostConnection> {
    let prefetch = context.settings.workers.prefetch;
    let subscription = Subscription { queue: HOLDS_DUE.to_owned(), prefetch, priority: 0 };
    let mut consumer = Consumer::open(connection, &subscription).await?;
    loop {
        let first = tokio::select! {
            biased;
            () = context.stop.cancelled() => break,
            first = consumer.next() => first?,
        };
        let (mut deliveries, mut telling) = (vec![first], Telling::default());
        let mut holds = read(&deliveries[0], &mut telling);
        while holds.len() < context.settings.workers.batch_requests_max {
            let Some(delivery) = consumer.try_next() else { break };
            deliveries.push(delivery?);
            holds.extend(read(&deliveries[deliveries.len() - 1], &mut telling));
        }
        let meter = metrics::pool(HOLDS_DUE);
        meter.batch_requests.observe(holds.len() as f64);
        meter.batch_envelopes.observe(deliveries.len() as f64);
        let again = deliveries.iter().filter(|delivery| delivery.redelivered).count();
        meter.redelivered.inc_by(again as u64);
        let oldest = holds.iter().map(|(_, hold)| hold.due_at).min();
        let _in_hand = oldest.map(|due_at| InHand::take(HOLDS_DUE, due_at));
        let Ok(()) = free(context, &holds, &mut telling).await else { return Ok(()) };
        failpoint::reach("expiry.committed").await;
        let Ok(()) = telling.send(context, HOLDS_DUE).await else { return Ok(()) };
        failpoint::reach("expiry.told").await;
        deliveries[deliveries.len() - 1].ack_through().await?;
    }
    // What is not begun goes back to the queue with the channel.
    Ok(())
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
        _connection: &mut PgConnection,
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
    telling: &mut Telling,
) -> Result<(), Stopped> {
    let events = holds.iter().map(|(_, hold)| hold.event).collect();
    let houses = houses(context, HOLDS_DUE, events).await?;
    let mut footprint = Footprint::default();
    let known = |hold: &&(Prompt, DueHold)| houses.contains_key(&hold.1.event);
    let keys = holds.iter().filter(known).map(|(_, hold)| (hold.event, hold.reservation));
    footprint.reservations.extend(keys);
    match persist(context, HOLDS_DUE, &footprint, &houses, &Expire(holds)).await {
        Ok((expired, changes)) => {
            for prompt in [Prompt::Hold, Prompt::Rearm, Prompt::Audit] {
                let freed = expired.freed.iter().filter(|(p, _)| *p == prompt).count();
                if freed > 0 {
                    tracing::info!(freed, ?prompt, "holds expired");
                }
            }
            let now = changes.outcomes.decided_at;
            metrics::freed(&expired.freed, now);
            for (prompt, hold) in expired.again {
                telling.holds(context, prompt, [hold], now);
            }
            telling.outcomes(context, &changes.outcomes);
            Ok(())
        }
        Err(NotDone::Stopped) => Err(Stopped),
        Err(NotDone::Refused(error)) => {
            let body = serde_json::to_vec(holds).expect("plain data always has a JSON form");
            telling.message(dead_letter(HOLDS_DUE, body, &error.to_string()));
            Ok(())
        }
    }
}

fn read(delivery: &Delivery, telling: &mut Telling) -> Vec<(Prompt, DueHold)> {
    match DueHolds::decode(&delivery.body) {
        Ok(due) => due.holds.iter().map(|hold| (due.prompt, *hold)).collect(),
        Err(error) => {
            let body = delivery.body.clone();
            telling.message(dead_letter(HOLDS_DUE, body, &error.to_string()));
            Vec::new()
        }
    }
}
