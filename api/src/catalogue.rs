//! What is for sale: terms and houses of all events, in memory. Accepting a request never waits for
//! Postgres; while it is away, what was read last still serves.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use common::domain::{Event, EventId, House, SectionNumber};
use common::store::events::Cursor;
use common::store::houses::HouseCache;
use common::store::{self, Pool};

use crate::database::{self, Away};

/// How often the events are read again.
const REFRESH_INTERVAL: Duration = Duration::from_secs(2);
/// Events read by one query.
const PAGE: i64 = 500;
/// Events that have not begun, at most; later ones are read when they are asked for.
const LISTED_MAX: usize = 5_000;
/// Events kept because they were asked for though they are not listed.
const OTHERS_MAX: usize = 1_000;
/// Ids kept as unknown until the next refresh.
const UNKNOWN_MAX: usize = 10_000;

/// An event, as it was when it was last read, and its house.
#[derive(Debug)]
pub struct Entry {
    /// The event. Its sections' numbers of available tickets may be a few seconds old.
    pub event: Event,
    /// Where its tickets are.
    pub house: Arc<House>,
}

impl Entry {
    /// The name of a section.
    pub fn section_name(&self, number: SectionNumber) -> &str {
        let section = self.event.sections.iter().find(|section| section.number == number);
        section.map_or("", |section| &section.name)
    }
}

#[derive(Debug, Default)]
struct Shelves {
    /// None until it was read for the first time.
    listed: Option<Arc<Vec<Arc<Entry>>>>,
    by_id: HashMap<EventId, Arc<Entry>>,
    others: HashMap<EventId, Arc<Entry>>,
    unknown: HashSet<EventId>,
}

/// The events that this process knows.
#[derive(Debug)]
pub struct Catalogue {
    pool: Pool,
    houses: HouseCache,
    shelves: RwLock<Shelves>,
    reading: tokio::sync::Mutex<()>,
}

impl Catalogue {
    /// An empty catalogue.
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            houses: HouseCache::default(),
            shelves: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Reads the events again and again. Never returns.
    pub async fn keep_fresh(&self) {
        let mut tick = tokio::time::interval(REFRESH_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            // A failure is in the log; what was read before still serves.
            let _refreshed = self.refresh().await;
        }
    }

    /// The events that have not begun, soonest first. A process that has just started reads them now: an
    /// empty list would be taken for the truth.
    pub async fn listed(&self) -> Result<Arc<Vec<Arc<Entry>>>, Away> {
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
        self.shelves.read().unwrap_or_else(PoisonError::into_inner).listed.clone()
    }

    /// An event, from memory if it is known, and read if not; none where there is no such event.
    pub async fn find(&self, id: EventId) -> Result<Option<Arc<Entry>>, Away> {
        match self.known(id) {
            Some(known) => Ok(known),
            // Rare and large: in a box it does not weigh on every request that waits.
            None => Box::pin(self.find_anew(id)).await,
        }
    }

    async fn find_anew(&self, id: EventId) -> Result<Option<Arc<Entry>>, Away> {
        let _one_at_a_time = self.reading.lock().await;
        if let Some(known) = self.known(id) {
            return Ok(known);
        }
        let entry = database::read("an event", || async {
            let found = store::events::find(&mut *self.pool.acquire().await?, id).await?;
            Ok(self.with_houses(found.into_iter().collect()).await?.pop())
        })
        .await?;
        let mut shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = &entry {
            if shelves.others.len() >= OTHERS_MAX {
                shelves.others.clear();
            }
            shelves.others.insert(id, Arc::clone(entry));
        } else if shelves.unknown.len() < UNKNOWN_MAX {
            shelves.unknown.insert(id);
        }
        Ok(entry)
    }

    /// What memory says of an id: none where only the database knows.
    #[expect(clippy::option_option, reason = "known, known not to be, or not known")]
    fn known(&self, id: EventId) -> Option<Option<Arc<Entry>>> {
        let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = shelves.by_id.get(&id).or_else(|| shelves.others.get(&id)) {
            return Some(Some(Arc::clone(entry)));
        }
        shelves.unknown.contains(&id).then_some(None)
    }

    async fn refresh(&self) -> Result<(), Away> {
        let _one_at_a_time = self.reading.lock().await;
        self.read_all().await.map(drop)
    }

    async fn read_all(&self) -> Result<Arc<Vec<Arc<Entry>>>, Away> {
        let listed = database::read("the events", || async {
            let mut events = Vec::new();
            let mut after = None;
            loop {
                let page =
                    store::events::list(&mut *self.pool.acquire().await?, after, PAGE).await?;
                let last = page
                    .last()
                    .map(|event| Cursor { starts_at: event.terms.starts_at, id: event.id });
                let is_full = page.len() as i64 == PAGE;
                events.extend(page);
                if !is_full || events.len() >= LISTED_MAX {
                    break;
                }
                after = last;
            }
            self.with_houses(events).await
        })
        .await?;
        let by_id = listed.iter().map(|entry| (entry.event.id, Arc::clone(entry))).collect();
        let listed = Arc::new(listed);
        let mut shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
        // What is not listed is read again when it is asked for: its terms may have changed.
        *shelves = Shelves { listed: Some(Arc::clone(&listed)), by_id, ..Shelves::default() };
        Ok(listed)
    }

    async fn with_houses(&self, events: Vec<Event>) -> Result<Vec<Arc<Entry>>, store::Failure> {
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        let houses = self.houses.of(&self.pool, &ids).await?;
        let entry = |event: Event| {
            let house = Arc::clone(houses.get(&event.id)?);
            Some(Arc::new(Entry { event, house }))
        };
        Ok(events.into_iter().filter_map(entry).collect())
    }
}
