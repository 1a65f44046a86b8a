//! Waits for a state: by the outcomes, and by a read where an outcome may have been missed.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::waiters::{News, Revised, Waiter};
use crate::reads::Reader;

/// The limit for a read from the database while a client waits.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// The first state from now on that is `enough`. None if the deadline passes or the process stops,
/// and a last read from the database does not find one either.
pub(crate) async fn follow<I, K, V>(
    waiter: &Waiter<I, V>,
    reader: &Reader<K, V>,
    key: K,
    deadline: Instant,
    enough: impl Fn(&V) -> bool,
) -> Option<Arc<V>>
where
    I: Copy + Eq + Hash,
    K: Hash + Eq + Copy + Send + Sync + 'static,
    V: Revised + Send + Sync + 'static,
{
    loop {
        let news = timeout_at(deadline, waiter.next()).await;
        if let Ok(News::State(state)) = news {
            if enough(&state) {
                return Some(state);
            }
            continue;
        }
        let found = reader.read_within(LOOK_TIMEOUT, key).await;
        let found = found.ok().flatten().filter(|state| enough(state));
        let goes_on = matches!(news, Ok(News::Gap)) && Instant::now() < deadline;
        if found.is_some() || !goes_on {
            return found;
        }
    }
}
