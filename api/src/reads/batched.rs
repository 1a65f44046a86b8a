//! Reads by id, many in one query: while one query runs, the next batch gathers.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::database::Away;

/// How long a request waits for a read that it can do without.
pub(crate) const QUICK_LOOK: Duration = Duration::from_millis(250);

const BATCH_MAX: usize = 500;

/// The row of an id; none if there is no such row.
pub(crate) type Found<V> = Result<Option<Arc<V>>, Away>;

/// The rows that one query has found.
pub(crate) type Answers<K, V> = Result<HashMap<K, V>, Away>;

struct Ask<K, V> {
    key: K,
    answer: oneshot::Sender<Found<V>>,
}

/// Limits how much one query reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weight<K> {
    /// The number of rows that are read for an id.
    pub of: fn(&K) -> usize,
    /// The most rows of one query, unless a single id has more.
    pub max: usize,
}

/// Reads rows of one kind. Every answer was read from the database after it was requested.
#[derive(Debug)]
pub(crate) struct Reader<K, V> {
    asks: mpsc::Sender<Ask<K, V>>,
}

impl<K, V> Reader<K, V>
where
    K: Hash + Eq + Copy + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// A reader that finds rows with `find`, for at most `waiting_max` requests at once. It ends
    /// when it is dropped.
    pub(crate) fn start<F>(waiting_max: usize, find: impl Fn(Vec<K>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Answers<K, V>> + Send + 'static,
    {
        Self::weighed(waiting_max, Weight { of: |_| 1, max: BATCH_MAX }, find)
    }

    /// The same, if some ids have many more rows than others.
    pub(crate) fn weighed<F>(
        waiting_max: usize,
        weight: Weight<K>,
        find: impl Fn(Vec<K>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Answers<K, V>> + Send + 'static,
    {
        let (asks, inbox) = mpsc::channel(waiting_max);
        tokio::spawn(answer_asks(inbox, weight, find));
        Self { asks }
    }

    /// The row of a key. Fails if the database does not answer, or if too many requests wait.
    pub(crate) async fn read(&self, key: K) -> Found<V> {
        let (answer, answered) = oneshot::channel();
        self.asks.try_send(Ask { key, answer }).map_err(|_| Away)?;
        answered.await.unwrap_or(Err(Away))
    }

    /// The same, but it also fails after `limit`.
    pub(crate) async fn read_within(&self, limit: Duration, key: K) -> Found<V> {
        tokio::time::timeout(limit, self.read(key)).await.unwrap_or(Err(Away))
    }
}

async fn answer_asks<K, V, F>(
    mut inbox: mpsc::Receiver<Ask<K, V>>,
    weight: Weight<K>,
    find: impl Fn(Vec<K>) -> F,
) where
    K: Hash + Eq + Copy,
    F: Future<Output = Answers<K, V>>,
{
    let mut waiting: Vec<Ask<K, V>> = Vec::new();
    loop {
        if waiting.is_empty() && inbox.recv_many(&mut waiting, BATCH_MAX).await == 0 {
            return;
        }
        while waiting.len() < inbox.max_capacity()
            && let Ok(ask) = inbox.try_recv()
        {
            waiting.push(ask);
        }
        waiting.retain(|ask| !ask.answer.is_closed());
        let keys = pick_portion(waiting.iter().map(|ask| ask.key), weight);
        if keys.is_empty() {
            continue;
        }
        let (batch, rest) = waiting.into_iter().partition(|ask| keys.contains(&ask.key));
        waiting = rest;
        match find(keys.into_iter().collect()).await {
            Ok(rows) => {
                let rows: HashMap<K, Arc<V>> =
                    rows.into_iter().map(|(key, row)| (key, Arc::new(row))).collect();
                for ask in batch {
                    let _left = ask.answer.send(Ok(rows.get(&ask.key).cloned()));
                }
            }
            Err(away) => {
                // Requests that arrived while the query hung have waited for the database, too:
                // they fail as well.
                while let Ok(ask) = inbox.try_recv() {
                    waiting.push(ask);
                }
                for ask in batch.into_iter().chain(waiting.drain(..)) {
                    let _left = ask.answer.send(Err(away));
                }
            }
        }
    }
}

/// The ids of the next query: the oldest ones, as many as fit.
fn pick_portion<K: Hash + Eq + Copy>(
    asked: impl Iterator<Item = K>,
    weight: Weight<K>,
) -> HashSet<K> {
    let mut keys = HashSet::new();
    let mut sum = 0;
    for key in asked {
        if keys.contains(&key) {
            continue;
        }
        sum += (weight.of)(&key);
        if sum > weight.max && !keys.is_empty() {
            break;
        }
        keys.insert(key);
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn who_asks_during_a_query_shares_the_next_one() {
        let gate = Arc::new(Semaphore::new(0));
        let batches: Arc<Mutex<Vec<usize>>> = Arc::default();
        let opened = Arc::clone(&gate);
        let seen = Arc::clone(&batches);
        let reader = Arc::new(Reader::start(1_000, move |keys: Vec<u32>| {
            let opened = Arc::clone(&opened);
            let seen = Arc::clone(&seen);
            async move {
                seen.lock().unwrap().push(keys.len());
                opened.acquire().await.unwrap().forget();
                Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, key)).collect())
            }
        }));
        let ask = |key: u32| {
            let reader = Arc::clone(&reader);
            tokio::spawn(async move { reader.read(key).await.unwrap().map(|found| *found) })
        };
        let first = ask(0);
        while batches.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = [1, 2, 2, 3].into_iter().map(ask).collect();
        while reader.asks.capacity() > 996 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), Some(0));
        let mut answers = Vec::new();
        for other in others {
            answers.push(other.await.unwrap());
        }
        assert_eq!(answers, [None, Some(2), Some(2), None]);
        assert_eq!(*batches.lock().unwrap(), [1, 3], "one query each, no key twice");
    }

    #[tokio::test]
    async fn heavy_ids_are_read_by_few_and_none_is_too_heavy() {
        let batches: Arc<Mutex<Vec<Vec<u32>>>> = Arc::default();
        let seen = Arc::clone(&batches);
        let weight = Weight { of: |key: &u32| *key as usize, max: 10 };
        let reader = Reader::weighed(100, weight, move |mut keys: Vec<u32>| {
            keys.sort_unstable();
            seen.lock().unwrap().push(keys.clone());
            async move { Ok(keys.into_iter().map(|key| (key, key)).collect()) }
        });
        let asked = [4, 6, 1, 4, 50, 10, 50];
        let answers = futures::future::join_all(asked.map(|key| reader.read(key))).await;
        let answers: Vec<u32> = answers.into_iter().map(|one| *one.unwrap().unwrap()).collect();
        assert_eq!(answers, asked);
        let batches: Vec<Vec<u32>> = batches.lock().unwrap().clone();
        assert_eq!(batches, [vec![4, 6], vec![1], vec![50], vec![10]]);
    }

    #[tokio::test]
    async fn all_who_ask_hear_that_the_database_is_away() {
        let reader: Reader<u32, u32> = Reader::start(10, |_| async { Err(Away) });
        assert_eq!(reader.read(1).await, Err(Away));
        let hangs: Reader<u32, u32> = Reader::start(10, |_| std::future::pending());
        assert_eq!(hangs.read_within(Duration::from_millis(5), 1).await, Err(Away));
    }
}
