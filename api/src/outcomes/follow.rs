//! Waiting for a state: by what is announced, and by looking where something may have been missed.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::waiters::{News, Revised, Waiter};
use crate::reads::Reader;

/// How long a look in the database may take while a client waits.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// The first state from now on that is `enough`; none when the time is up or the process stops, and
/// a last look in the database did not find one either.
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
