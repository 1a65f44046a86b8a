//! The tasks of every board: read stale sections again, and send changes to its streams.

use std::sync::Arc;
use std::time::Duration;

use futures::future::ready;
use futures::{StreamExt, TryStreamExt, stream};
use process::backoff::Backoff;
use store::availability::SectionState;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::event_board::EventBoard;
use super::reads::{Reads, Wanted};
use crate::reads::Away;

/// The shortest time between two frames: changes within it are sent together.
const FRAME_INTERVAL: Duration = Duration::from_millis(100);
/// How often a stream without changes gets a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Outcomes of several workers may arrive out of order by this much. A change that is missing for
/// longer is read from the database.
const PATIENCE: Duration = Duration::from_millis(50);
/// The most sections that one board requests at once.
const ASKS_MAX: usize = 100;

/// Reads stale sections again whenever there are any. Never returns.
pub(super) async fn refresh(board: Arc<EventBoard>, reads: Arc<Reads>) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    let mut is_first = true;
    loop {
        board.stale.notified().await;
        // Clients wait for the first read, so it begins at once; a later gap may close by itself.
        if !std::mem::take(&mut is_first) {
            sleep(PATIENCE).await;
        }
        loop {
            let (stale, doubts) = board.to_read();
            if stale.is_empty() {
                backoff.reset();
                break;
            }
            match read_sections(&reads, stale).await {
                Ok(read) => board.install(&read, doubts),
                Err(Away) => sleep(backoff.next_delay()).await,
            }
            if !board.to_read().0.is_empty() {
                sleep(PATIENCE).await;
            }
        }
    }
}

/// The present state of these sections; unknown sections are left out.
pub(super) async fn read_sections(
    reads: &Reads,
    wanted: Vec<Wanted>,
) -> Result<Vec<Arc<SectionState>>, Away> {
    let found = stream::iter(wanted).map(|one| reads.read(one)).buffered(ASKS_MAX);
    found.try_filter_map(|state| ready(Ok(state))).try_collect().await
}

/// Sends changes and heartbeats to the streams. Never returns.
pub(super) async fn send(board: Arc<EventBoard>) {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = board.moved.notified() => {
                board.flush();
                sleep(FRAME_INTERVAL).await;
            }
            _ = heartbeat.tick() => board.beat(),
        }
    }
}
