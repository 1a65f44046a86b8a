//! How many reservations Postgres alone applies, driven straight by the store's own statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use booking::domain::SeatingPlan;
use booking::ids::{EventId, Mint, TicketNumber};
use booking::ledger::{Decision, Footprint};
use booking::requests::{Decide, Request, Reserve, decide_all};
use process::settings::{Database, Secret};
use store::audit::Scope;
use store::lock::SeatingPlans;
use store::replan::Plans;
use store::{Pool, Transaction, pool, seating_plans, stock};
use tokio::task::JoinSet;

use super::{Length, Limit, on_all_cores};
use crate::stage::{Ground, Venue as Plan};

/// More than any Postgres on such a machine has applied in a second.
const RATE_MAX: f64 = 200_000.0;

/// Batches of these sizes over these many connections.
const SHAPES: [(usize, usize); 4] = [(1, 4), (100, 4), (500, 2), (500, 4)];

/// Measures every shape, each on a fresh event.
pub async fn postgres(ground: &Ground, length: Length) -> Result<Vec<Limit>> {
    let database = ground.database("limits").await?;
    let seconds = (length.0 + length.warmup()).as_secs_f64();
    let mut limits = Vec::new();
    for (batch, connections) in SHAPES {
        let rate_max = if batch == 1 { RATE_MAX / 8.0 } else { RATE_MAX };
        let tickets = (rate_max * seconds) as u64;
        let event = database.plant(Plan::of(tickets, 64, true)).await?;
        let url = ground.postgres.url(&database.name);
        let work = apply(url, event.id, batch, connections, length);
        let applied = on_all_cores(work).await?;
        let requests_per_s = applied as f64 / length.0.as_secs_f64();
        limits.push(Limit {
            what: format!("Postgres: {batch} in a transaction, {connections} connections"),
            per_s: requests_per_s / batch as f64,
            requests_per_s,
        });
        database.vacuum().await?;
    }
    let broken = database.violations(Scope::ALL).await?;
    ensure!(broken.is_empty(), "broken invariants: {broken:#?}");
    ground.discard(database).await?;
    Ok(limits)
}

/// How many reservations all connections together applied in the measured time.
async fn apply(
    url: String,
    event: EventId,
    batch: usize,
    connections: usize,
    length: Length,
) -> Result<u64> {
    let mut ready = Vec::new();
    for _ in 0..connections {
        ready.push(connect(&url).await?);
    }
    let plan = seating_plans::find(&mut *ready[0].acquire().await?, &[event]).await?.pop();
    let plan = Arc::new(plan.context("the event was made")?);
    let counted = Arc::new(AtomicU64::new(0));
    let opens = Instant::now() + length.warmup();
    let mut tasks = JoinSet::new();
    for (number, connection) in ready.into_iter().enumerate() {
        let tickets = share(&plan, number, connections);
        let writer = Writer { event, plans: SeatingPlans::from([(event, Arc::clone(&plan))]) };
        let counted = Arc::clone(&counted);
        let window = opens..opens + length.0;
        tasks.spawn(async move {
            for batch in tickets.chunks(batch) {
                writer.apply(&connection, batch).await?;
                let now = Instant::now();
                if now >= window.end {
                    connection.close().await;
                    return Ok(());
                }
                if now >= window.start {
                    counted.fetch_add(batch.len() as u64, Ordering::Relaxed);
                }
            }
            anyhow::bail!("all tickets were taken before the time was up")
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(counted.load(Ordering::Relaxed))
}

/// A pool of one connection, which is there.
async fn connect(url: &str) -> Result<Pool> {
    let url = Secret::from(url);
    let settings = Database { url, connections_max: 1, ..Database::default() };
    let pool = pool::open(&settings, "limits")?;
    drop(pool.acquire().await?);
    Ok(pool)
}

/// The tickets of every so-many-th section, so that no connection waits for another's locks.
fn share(plan: &SeatingPlan, number: usize, of: usize) -> Vec<i32> {
    let sections: Vec<_> = plan.sections.iter().skip(number).step_by(of).collect();
    let longest = sections.iter().map(|section| section.capacity).max().unwrap_or_default();
    (0..longest)
        .flat_map(|place| {
            let within = move |section: &&&booking::domain::PlanSection| place < section.capacity;
            sections.iter().filter(within).map(move |section| section.first_ticket.0 + place)
        })
        .collect()
}

struct Writer {
    event: EventId,
    plans: SeatingPlans,
}

impl Writer {
    /// One batch in one transaction, as a reservation worker does it.
    async fn apply(&self, connection: &Pool, tickets: &[i32]) -> Result<()> {
        let now = process::clock::now();
        let mint = Mint::new("limits");
        let plan = &self.plans[&self.event];
        let reserve = |ticket: &i32| Reserve {
            id: mint.fresh(self.event, now),
            event: self.event,
            customer: format!("buyer-{ticket}@load.test"),
            tickets: vec![TicketNumber(*ticket)],
            best: None,
            accepted_at: now,
            patience_ms: PATIENCE_MS,
            fingerprint: 1,
        };
        let requests: Vec<Request> = tickets.iter().map(reserve).map(Request::from).collect();
        let mut footprint = Footprint::default();
        for request in &requests {
            request.footprint(plan, &mut footprint);
        }
        let (mut transaction, mut ledger) =
            Transaction::lock(connection, Plans::Kept, &footprint, &self.plans).await?;
        let decided = decide_all(&mut ledger, &requests);
        ensure!(decided == Decision::Made(()), "fresh tickets need no further locks");
        stock::write(&mut transaction, &ledger.changes("limits")).await?;
        transaction.commit().await?;
        Ok(())
    }
}

const PATIENCE_MS: u32 = 60_000;

#[cfg(test)]
mod tests {
    use booking::domain::{PlanSection, SectionKind};
    use booking::ids::{SectionNumber, TierNumber};

    use super::*;

    #[test]
    fn connections_share_all_tickets_and_no_section() {
        let section = |number: i32| PlanSection {
            number: SectionNumber(number),
            kind: SectionKind::General,
            first_ticket: TicketNumber(1 + (number - 1) * 10),
            capacity: 10,
            tiers: vec![(TicketNumber(1), TierNumber(1))],
            rows: Vec::new(),
        };
        let plan = SeatingPlan {
            event: EventId(1),
            currency: "EUR".parse().unwrap(),
            limits_customers: false,
            sections: (1..=5).map(section).collect(),
        };
        let (one, two) = (share(&plan, 0, 2), share(&plan, 1, 2));
        assert_eq!((one.len(), two.len()), (30, 20));
        let mut all = [one, two].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(1..=50));
    }
}
