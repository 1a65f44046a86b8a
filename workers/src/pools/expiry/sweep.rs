//! Publishes prompts for holds again, in case the first ones were lost: for all holds when a worker
//! starts, and for overdue ones in the overdue sweep.

use std::time::Duration;

use booking::messages::Prompt;
use broker::topology::HOLDS_DUE;
use chrono::TimeDelta;
use store::{holds, pool};

use crate::context::Context;
use crate::step::announce::Announcement;

/// Sweeps at the start, and then every `workers.overdue_sweep_interval_ms` until the process stops;
/// 0 means only at the start.
pub(super) async fn run(context: &Context) {
    let settings = &context.settings.workers;
    if settings.sweep_at_start {
        prompt(context, Prompt::Start, None).await;
    }
    if settings.overdue_sweep_interval_ms == 0 {
        return context.stop.cancelled().await;
    }
    let overdue = TimeDelta::milliseconds(settings.overdue_sweep_after_ms as i64);
    loop {
        // Jitter, so that several workers do not sweep at the same time.
        let pause = settings.overdue_sweep_interval_ms as f64 * rand::random_range(0.5..=1.0);
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs_f64(pause / 1_000.0)) => {}
        }
        prompt(context, Prompt::Sweep, Some(overdue)).await;
    }
}

/// Publishes prompts. A failure is only logged, because the next sweep tries again.
async fn prompt(context: &Context, prompt: Prompt, overdue: Option<TimeDelta>) {
    match try_prompt(context, prompt, overdue).await {
        Ok(0) => {}
        Ok(sent) => tracing::info!(sent, ?prompt, "sent for holds again"),
        Err(error) => tracing::warn!(%error, ?prompt, "could not look for holds"),
    }
}

async fn try_prompt(
    context: &Context,
    prompt: Prompt,
    overdue: Option<TimeDelta>,
) -> Result<usize, store::Error> {
    let limit = context.answer_timeout();
    let events = async { holds::events_with_holds(&mut *context.pool.acquire().await?).await };
    let mut sent = 0;
    for event in pool::in_time(limit, events).await? {
        let look = async {
            let mut connection = context.pool.acquire().await?;
            let found = holds::of_event(&mut connection, event, overdue).await?;
            Ok::<_, store::Error>((found, pool::now(&mut connection).await?))
        };
        let (found, now) = pool::in_time(limit, look).await?;
        if found.is_empty() {
            continue;
        }
        sent += found.len();
        let mut announcement = Announcement::default();
        announcement.holds(context, prompt, found, now);
        if announcement.publish(context, HOLDS_DUE).await.is_err() {
            break;
        }
    }
    Ok(sent)
}
