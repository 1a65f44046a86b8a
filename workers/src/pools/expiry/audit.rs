//! Proves the invariants against the database, now and then, and shows the result as metrics.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use process::telemetry::metrics::{counter, gauge, unix_seconds};
use process::telemetry::names;
use store::audit::{self, Finding, Group, Scope};
use store::pool;

use crate::context::Context;

/// Until the process stops.
pub(super) async fn run(context: &Context) {
    let interval_ms = context.settings.workers.audit_interval_ms;
    if interval_ms == 0 {
        return context.stop.cancelled().await;
    }
    register();
    loop {
        // Jitter, so that several workers do not look at once.
        let pause = interval_ms as f64 * rand::random_range(0.5..=1.0);
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs_f64(pause / 1_000.0)) => {}
        }
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = prove(context) => {}
        }
    }
}

async fn prove(context: &Context) {
    let begun = Instant::now();
    match violations(context).await {
        Ok(broken) => {
            for Finding { rule, rows, .. } in &broken {
                tracing::error!(rule = rule.statement, rows, "an invariant is broken");
            }
            let rows: i64 = broken.iter().map(|violation| violation.rows).sum();
            gauge(names::AUDIT_VIOLATIONS, &[]).set(rows as f64);
            gauge(names::AUDIT_TIME_SECONDS, &[]).set(unix_seconds());
            gauge(names::AUDIT_DURATION_SECONDS, &[]).set(begun.elapsed().as_secs_f64());
        }
        Err(error) => {
            counter(names::AUDIT_FAILURES_TOTAL, &[]).inc();
            tracing::warn!(%error, "the invariants could not be proved");
        }
    }
}

/// What is overdue has metrics of its own. Of history only what is new since the last looks: older
/// rows were proved then, and do not change.
async fn violations(context: &Context) -> Result<Vec<Finding>, store::Error> {
    // Detached and closed: cut off in the middle, it must not go back with a transaction open.
    let mut connection = context.pool.acquire().await?.detach();
    let since = TimeDelta::milliseconds(context.settings.workers.audit_interval_ms as i64) * 3;
    let now = pool::now(&mut connection).await?;
    let scope = Scope {
        groups: &[Group::Inventory, Group::Money, Group::History],
        history_from: Some(now - since),
    };
    audit::violations(&mut connection, scope).await
}

fn register() {
    gauge(names::AUDIT_VIOLATIONS, &[]);
    gauge(names::AUDIT_TIME_SECONDS, &[]);
    counter(names::AUDIT_FAILURES_TOTAL, &[]);
}
