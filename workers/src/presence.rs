//! Signs of life: sends those of this worker, receives those of the others, and keeps the view of
//! the live workers.

use std::time::{Duration, Instant};

use booking::messages::{Message, Presence, PresenceKind};
use broker::topology::PRESENCE;
use broker::{Connection, Feed, LostConnection, Publication};
use tokio::sync::watch;

use crate::context::Context;
use crate::fleet::ownership::{Members, View};

/// The first view: this worker alone.
pub(crate) fn alone(context: &Context) -> watch::Sender<View> {
    let forget = Duration::from_millis(context.settings.workers.forget_ms);
    let view = Members::new(&context.worker, forget).view(Instant::now());
    context.show_view(&view);
    watch::Sender::new(view)
}

/// Keeps the view until the process stops. Then it sends a goodbye, so that the others take over
/// the partitions at once.
pub(crate) async fn keep(
    context: &Context,
    connection: &Connection,
    view: &watch::Sender<View>,
) -> Result<(), LostConnection> {
    let settings = &context.settings.workers;
    let mut members = Members::new(&context.worker, Duration::from_millis(settings.forget_ms));
    let mut feed = Feed::open(connection, PRESENCE).await?;
    let mut beat = tokio::time::interval(Duration::from_millis(settings.beat_ms));
    say(context, PresenceKind::Hello).await;
    loop {
        tokio::select! {
            heard = feed.next() => hear(context, &mut members, &heard?).await,
            _ = beat.tick() => say(context, PresenceKind::Beat).await,
            () = context.stop.cancelled() => {
                say(context, PresenceKind::Bye).await;
                return Ok(());
            }
        }
        let now = members.view(Instant::now());
        view.send_if_modified(|known| {
            let changed = *known != now;
            if changed {
                tracing::info!(workers = now.workers(), "partitions are shared anew");
                context.show_view(&now);
                *known = now;
            }
            changed
        });
    }
}

async fn hear(context: &Context, members: &mut Members, body: &[u8]) {
    let Ok(presence) = Presence::decode(body) else { return };
    match presence.kind {
        PresenceKind::Bye => members.left(&presence.worker),
        PresenceKind::Beat => members.heard(&presence.worker, Instant::now()),
        PresenceKind::Hello => {
            members.heard(&presence.worker, Instant::now());
            // A new worker then knows the others at once, and not only after their next beat.
            if presence.worker != context.worker {
                say(context, PresenceKind::Beat).await;
            }
        }
    }
}

/// Sends a sign of life. It needs no retry: if it is lost, the next beat replaces it.
async fn say(context: &Context, kind: PresenceKind) {
    let body = Presence::new(&context.worker, kind).encode();
    let _lost = context.publisher.publish(Publication::hint(PRESENCE, String::new(), body)).await;
}
