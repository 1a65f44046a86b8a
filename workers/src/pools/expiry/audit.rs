//! Runs the audit from time to time, and sets its result as metrics.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use process::telemetry::metrics::{counter, gauge, unix_seconds};
use process::telemetry::names;
use store::audit::{self, Finding, Group, Scope};
use store::pool;

use crate::context::Context;

/// Runs the audit every `workers.audit_interval_ms` until the process stops; never if that is 0.
pub(super) async fn run(context: &Context) {
    let interval_ms = context.settings.workers.audit_interval_ms;
    if interval_ms == 0 {
        return context.stop.cancelled().await;
    }
    register();
    loop {
        // Jitter, so that several workers do not run it at the same time.
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

/// The rules of progress are left out, because overdue holds have metrics of their own. Of history
/// only the last three intervals are checked: earlier audits checked the older rows, and history
/// never changes.
async fn violations(context: &Context) -> Result<Vec<Finding>, store::Error> {
    // Detached, so that it is closed at the end: a stop may drop this future while its transaction
    // is open, and such a connection must not return to the connection pool.
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
