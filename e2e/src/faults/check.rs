//! Compares the answers to clients with the database at the end.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use sqlx::Row;
use store::{Pool, audit};

use super::model::{Asked, Kept, Reply};

/// The final state of a reservation or a payment.
#[derive(Debug, Clone)]
struct End {
    state: String,
    revision: i64,
    tickets: Vec<i64>,
}

/// Everything that is wrong. Empty for a correct system.
pub(super) async fn violations(pool: &Pool, kept: &Kept, events: &[i32]) -> Result<Vec<String>> {
    let mut wrong = kept.contradictions.clone();
    statuses(kept, &mut wrong);
    let reservations = reservations(pool, events).await?;
    let payments = payments(pool, events).await?;
    for id in kept.accepted.keys().filter(|id| !reservations.contains_key(*id)) {
        wrong.push(format!("the reservation {id} was accepted, and has no outcome"));
    }
    for id in kept.payments.keys().filter(|id| !payments.contains_key(*id)) {
        wrong.push(format!("the payment {id} was accepted, and has no outcome"));
    }
    let unfinished = |ends: &BTreeMap<String, End>, live: &[&str]| -> Vec<String> {
        let unfinished = ends.iter().filter(|(_, end)| live.contains(&end.state.as_str()));
        unfinished.map(|(id, end)| format!("{id} is {} for ever", end.state)).collect()
    };
    wrong.extend(unfinished(&reservations, &["held", "paying"]));
    wrong.extend(unfinished(&payments, &["processing"]));
    answers(kept, &reservations, &payments, &mut wrong);
    uncertain(kept, &reservations, &mut wrong);
    for (rule, rows) in totals(pool, events).await? {
        if rows != 0 {
            wrong.push(format!("{rows} times broken: {rule}"));
        }
    }
    let broken = audit::violations(&mut *pool.acquire().await?, audit::Scope::ALL).await?;
    wrong.extend(
        broken.iter().map(|one| format!("{} times broken: {}", one.rows, one.rule.statement)),
    );
    Ok(wrong)
}

/// Only statuses of the contract. A 503 must say when to retry.
fn statuses(kept: &Kept, wrong: &mut Vec<String>) {
    for reply in &kept.replies {
        let allowed: &[u16] = match reply.asked {
            Asked::Reserve => &[201, 202, 409, 503],
            Asked::Show | Asked::ShowPayment => &[200, 503],
            Asked::Cancel => &[200, 202, 409, 503],
            Asked::Pay => &[201, 202, 402, 409, 503],
        };
        if !allowed.contains(&reply.status) {
            wrong.push(format!("{:?} was answered {}: {}", reply.asked, reply.status, reply.body));
        } else if reply.status == 503 && reply.retry_after.is_none() {
            wrong.push(format!("a 503 without Retry-After: {}", reply.body));
        }
    }
}

/// No answer may contradict another one or the final state.
fn answers(
    kept: &Kept,
    reservations: &BTreeMap<String, End>,
    payments: &BTreeMap<String, End>,
    wrong: &mut Vec<String>,
) {
    let mut shown: BTreeMap<(&str, i64), BTreeSet<&str>> = BTreeMap::new();
    for reply in &kept.replies {
        if let (Some(id), Some(revision)) = (&reply.reservation, reply.revision)
            && revision > 0
        {
            shown.entry((id.as_str(), revision)).or_default().insert(&reply.state);
            reservation(reply, reservations.get(id), wrong);
        }
        if let (Asked::Reserve, 409, Some(id)) = (reply.asked, reply.status, &reply.reservation)
            && reply.state.is_empty()
            && reservations.get(id).is_none_or(|end| end.state != "rejected")
        {
            wrong.push(format!("{id} was refused ({}) and is not", reply.body));
        }
        if let Some(id) = &reply.payment {
            payment(reply, payments.get(id), wrong);
        }
    }
    for ((id, revision), states) in shown {
        // A hold that is overdue is shown as expired before that is written.
        let soft = BTreeSet::from(["expired", "held"]);
        if states.len() > 1 && states != soft {
            wrong.push(format!("revision {revision} of {id} was shown as {states:?}"));
        }
    }
}

/// Reservations that may have been queued or not. The last answer must match the database, or be
/// pending for one that was never queued. Each was looked up after everything was decided.
fn uncertain(kept: &Kept, reservations: &BTreeMap<String, End>, wrong: &mut Vec<String>) {
    for id in kept.uncertain.keys() {
        let of_it = |reply: &&Reply| {
            (reply.asked, reply.status, reply.reservation.as_ref()) == (Asked::Show, 200, Some(id))
        };
        let last = kept.replies.iter().rfind(of_it).map(|reply| reply.state.as_str());
        let end = reservations.get(id).map_or("pending", |end| end.state.as_str());
        if last != Some(end) {
            wrong.push(format!("{id} was not promised, ends as {end} and is shown as {last:?}"));
        }
    }
}

fn reservation(reply: &Reply, end: Option<&End>, wrong: &mut Vec<String>) {
    let id = reply.reservation.as_deref().unwrap_or_default();
    let Some(end) = end else {
        return wrong.push(format!("{id} was shown as {} and is nowhere", reply.state));
    };
    // An expired reservation may get its tickets back, if its charge succeeded late.
    let is_final = ["confirmed", "rejected", "cancelled"].iter().any(|state| reply.shows(state));
    if reply.revision.is_some_and(|revision| revision > end.revision) {
        wrong.push(format!("{id} was shown at {:?} and ends at {}", reply.revision, end.revision));
    } else if is_final && reply.state != end.state {
        wrong.push(format!("{id} was shown as {} and ends as {}", reply.state, end.state));
    } else if !reply.tickets.is_empty() && reply.tickets != end.tickets {
        wrong.push(format!("{id} was shown with {:?} and has {:?}", reply.tickets, end.tickets));
    }
}

fn payment(reply: &Reply, end: Option<&End>, wrong: &mut Vec<String>) {
    let id = reply.payment.as_deref().unwrap_or_default();
    let is_over = ["succeeded", "declined", "failed", "refunded"].contains(&reply.state.as_str());
    match end {
        None if is_over => {
            wrong.push(format!("payment {id}: shown as {} and is nowhere", reply.state));
        }
        Some(end) if is_over && end.state != reply.state => {
            wrong.push(format!(
                "payment {id} was shown as {} and ends as {}",
                reply.state, end.state
            ));
        }
        _ => {}
    }
}

async fn reservations(pool: &Pool, events: &[i32]) -> Result<BTreeMap<String, End>> {
    let rows = sqlx::query(
        "SELECT id::text, status::text, revision::bigint, tickets::bigint[] FROM reservations
         WHERE event_id = ANY ($1)",
    );
    let rows = rows.bind(events).fetch_all(pool).await?;
    let end = |row: &sqlx::postgres::PgRow| {
        let end =
            End { state: row.try_get(1)?, revision: row.try_get(2)?, tickets: row.try_get(3)? };
        let id: String = row.try_get(0)?;
        anyhow::Ok((id, end))
    };
    rows.iter().map(end).collect()
}

async fn payments(pool: &Pool, events: &[i32]) -> Result<BTreeMap<String, End>> {
    let rows = sqlx::query("SELECT id::text, status::text FROM payments WHERE event_id = ANY ($1)");
    let rows = rows.bind(events).fetch_all(pool).await?;
    let end = |row: &sqlx::postgres::PgRow| {
        let end = End { state: row.try_get(1)?, revision: 0, tickets: Vec::new() };
        let id: String = row.try_get(0)?;
        anyhow::Ok((id, end))
    };
    rows.iter().map(end).collect()
}

/// Exact totals of tickets and money, which the audit does not check.
async fn totals(pool: &Pool, events: &[i32]) -> Result<Vec<(&'static str, i64)>> {
    const TOTALS: [(&str, &str); 5] = [
        (
            "no ticket is in two confirmed reservations",
            "SELECT count(*) FROM (
                 SELECT 1 FROM reservations r CROSS JOIN unnest(r.tickets) AS n
                 WHERE r.event_id = ANY ($1) AND r.status = 'confirmed'
                 GROUP BY r.event_id, n HAVING count(*) > 1) AS twice",
        ),
        (
            "as many tickets are sold as confirmed reservations have",
            "SELECT abs((SELECT count(*) FROM tickets WHERE event_id = ANY ($1) AND state = 'sold')
                 - (SELECT coalesce(sum(cardinality(tickets)), 0) FROM reservations
                    WHERE event_id = ANY ($1) AND status = 'confirmed'))::bigint",
        ),
        (
            "the money kept is the price of what is confirmed",
            "SELECT abs((SELECT coalesce(sum(c.amount), 0) FROM gateway.charges c
                         JOIN payments p ON p.id = c.attempt
                         WHERE p.event_id = ANY ($1) AND c.captured AND c.refunded_at IS NULL)
                 - (SELECT coalesce(sum(price), 0) FROM reservations r
                    CROSS JOIN unnest(r.prices) AS price
                    WHERE r.event_id = ANY ($1) AND r.status = 'confirmed'))::bigint",
        ),
        (
            "no reservation is charged twice and kept",
            "SELECT count(*) FROM (
                 SELECT 1 FROM gateway.charges c WHERE c.captured AND c.refunded_at IS NULL
                 GROUP BY c.reservation HAVING count(*) > 1) AS twice
             WHERE cardinality($1::int[]) > 0",
        ),
        (
            "no hold ends before its time by the database's clock",
            "SELECT count(*) FROM reservations
             WHERE event_id = ANY ($1) AND status = 'expired' AND updated_at < expires_at",
        ),
    ];
    let mut found = Vec::new();
    for (rule, query) in TOTALS {
        found.push((rule, sqlx::query_scalar(query).bind(events).fetch_one(pool).await?));
    }
    Ok(found)
}
