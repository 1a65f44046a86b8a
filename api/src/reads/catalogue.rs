//! The catalogue: terms and seating plans of all events, in memory. A request is accepted without a
//! read from Postgres; while Postgres is down, the last data still serve.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use booking::domain::{Event, SeatingPlan};
use booking::ids::{EventId, SectionNumber};
use moka::sync::Cache;
use store::Pool;
use store::events::Cursor;
use store::seating_plans::SeatingPlanCache;

use super::batched::{Answers, Reader};
use super::database::{self, Away};
use super::meter::Read;

/// How often the events are read again.
const REFRESH_INTERVAL: Duration = Duration::from_secs(2);
/// The longest interval, used when there are so many events that reading takes long.
const REFRESH_INTERVAL_MAX: Duration = Duration::from_secs(10);
/// The pause after a read is this many times as long as the read, within the limits above.
const REFRESH_SHARE: u32 = 20;
/// The number of events in one query.
const PAGE: i64 = 500;
/// The most events in the list of those that have not begun, and the most sections of them. Later
/// events are read when a client requests them.
const LISTED_MAX: usize = 20_000;
const LISTED_SECTIONS_MAX: usize = 200_000;
/// The most sections of kept events that are not in the list; an id without an event counts as one.
const OTHERS_MAX: u64 = 100_000;
/// The most requests for such events that wait at once.
const WAITING_MAX: usize = 10_000;

/// An event as it was last read, with its seating plan.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The counts of available tickets in it may be a few seconds old.
    pub event: Event,
    pub plan: Arc<SeatingPlan>,
}

impl Entry {
    pub(crate) fn tickets(&self) -> usize {
        self.event.sections.iter().map(|section| section.capacity.max(0) as usize).sum()
    }

    fn cursor(&self) -> Cursor {
        Cursor { starts_at: self.event.terms.starts_at, id: self.event.id }
    }

    pub(crate) fn section_name(&self, number: SectionNumber) -> &str {
        let section = self.event.sections.iter().find(|section| section.number == number);
        section.map_or("", |section| &section.name)
    }
}

/// The events that have not begun.
#[derive(Debug, Default)]
struct Listed {
    /// None until the first read.
    in_order: Option<Arc<Vec<Arc<Entry>>>>,
    by_id: HashMap<EventId, Arc<Entry>>,
}

#[derive(Debug)]
pub(crate) struct Catalogue {
    pool: Pool,
    plans: SeatingPlanCache,
    listed: RwLock<Listed>,
    /// None for an id without an event. Emptied after each read of the list, because terms may have
    /// changed.
    others: Cache<EventId, Option<Arc<Entry>>>,
    reader: Reader<EventId, Entry>,
    reading: tokio::sync::Mutex<()>,
}

impl Catalogue {
    pub(crate) fn new(pool: Pool) -> Self {
        let plans = SeatingPlanCache::default();
        let weight = |_: &EventId, entry: &Option<Arc<Entry>>| {
            entry.as_ref().map_or(1, |entry| entry.event.sections.len().max(1) as u32)
        };
        let others = Cache::builder().max_capacity(OTHERS_MAX).weigher(weight);
        let own_pool = pool.clone();
        let own_plans = plans.clone();
        let find = move |ids| find(own_pool.clone(), own_plans.clone(), ids);
        Self {
            pool,
            plans,
            listed: RwLock::default(),
            others: others.build(),
            reader: Reader::start(WAITING_MAX, find),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Reads the events again at intervals. Never returns.
    pub(crate) async fn keep_fresh(&self) {
        loop {
            let begun = Instant::now();
            // A failure is in the log; the data of the last read still serve.
            let _refreshed = self.refresh().await;
            tokio::time::sleep(pause(begun.elapsed())).await;
        }
    }

    /// The events that have not begun, soonest first. A process that has just started reads them
    /// now: a client would believe an empty list.
    pub(crate) async fn listed(&self) -> Result<Arc<Vec<Arc<Entry>>>, Away> {
        if let Some(listed) = self.known_list() {
            return Ok(listed);
        }
        let _one_at_a_time = self.reading.lock().await;
        match self.known_list() {
            Some(listed) => Ok(listed),
            None => self.read_all().await,
        }
    }

    fn known_list(&self) -> Option<Arc<Vec<Arc<Entry>>>> {
        self.listed.read().unwrap_or_else(PoisonError::into_inner).in_order.clone()
    }

    /// An event, from memory if it is there, else from the database; none if there is no such
    /// event.
    pub(crate) async fn find(&self, id: EventId) -> Result<Option<Arc<Entry>>, Away> {
        match self.known(id) {
            Some(known) => Ok(known),
            // Boxed because this path is rare but its future is large; unboxed, every waiting
            // request would carry it.
            None => Box::pin(self.find_anew(id)).await,
        }
    }

    async fn find_anew(&self, id: EventId) -> Result<Option<Arc<Entry>>, Away> {
        let entry = self.reader.read(id).await?;
        self.others.insert(id, entry.clone());
        Ok(entry)
    }

    /// What memory knows of an id: none if only the database knows.
    #[expect(clippy::option_option, reason = "known, known not to be, or not known")]
    fn known(&self, id: EventId) -> Option<Option<Arc<Entry>>> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = listed.by_id.get(&id) {
            return Some(Some(Arc::clone(entry)));
        }
        drop(listed);
        self.others.get(&id)
    }

    async fn refresh(&self) -> Result<(), Away> {
        let _one_at_a_time = self.reading.lock().await;
        self.read_all().await.map(drop)
    }

    async fn read_all(&self) -> Result<Arc<Vec<Arc<Entry>>>, Away> {
        let mut in_order: Vec<Arc<Entry>> = Vec::new();
        let mut after = None;
        let mut sections = 0;
        loop {
            let page = self.read_page(after).await?;
            let is_full = page.len() as i64 == PAGE;
            after = page.last().map(|entry| entry.cursor());
            sections += page.iter().map(|entry| entry.event.sections.len()).sum::<usize>();
            in_order.extend(page);
            if !is_full || in_order.len() >= LISTED_MAX || sections >= LISTED_SECTIONS_MAX {
                break;
            }
        }
        let by_id = in_order.iter().map(|entry| (entry.event.id, Arc::clone(entry))).collect();
        let in_order = Arc::new(in_order);
        let mut listed = self.listed.write().unwrap_or_else(PoisonError::into_inner);
        *listed = Listed { in_order: Some(Arc::clone(&in_order)), by_id };
        drop(listed);
        self.others.invalidate_all();
        Ok(in_order)
    }

    async fn read_page(&self, after: Option<Cursor>) -> Result<Vec<Arc<Entry>>, Away> {
        let entries = database::read_in_time(Read::Events, || async {
            let events = store::events::list(&mut *self.pool.acquire().await?, after, PAGE).await?;
            with_plans(&self.pool, &self.plans, events).await
        });
        Ok(entries.await?.into_iter().map(Arc::new).collect())
    }
}

async fn find(pool: Pool, plans: SeatingPlanCache, ids: Vec<EventId>) -> Answers<EventId, Entry> {
    let found = database::read_in_time(Read::EventsById, || async {
        let events = store::events::find(&mut *pool.acquire().await?, &ids).await?;
        with_plans(&pool, &plans, events).await
    });
    Ok(found.await?.into_iter().map(|entry| (entry.event.id, entry)).collect())
}

async fn with_plans(
    pool: &Pool,
    plans: &SeatingPlanCache,
    events: Vec<Event>,
) -> Result<Vec<Entry>, store::Failure> {
    let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
    let plans = plans.find_plans(pool, &ids).await?;
    let entry = |event: Event| {
        let plan = Arc::clone(plans.get(&event.id)?);
        Some(Entry { event, plan })
    };
    Ok(events.into_iter().filter_map(entry).collect())
}

/// The time until the events are read again, if the last read took so long.
fn pause(took: Duration) -> Duration {
    (took * REFRESH_SHARE).clamp(REFRESH_INTERVAL, REFRESH_INTERVAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_the_events_takes_a_small_part_of_the_time() {
        let pause_ms = |took| pause(Duration::from_millis(took)).as_millis();
        assert_eq!([pause_ms(1), pause_ms(100), pause_ms(200)], [2_000, 2_000, 4_000]);
        assert_eq!(pause_ms(5_000), 10_000);
    }
}
