//! What is taken, from the database: sections of all boards together, in queries of a bounded size.

use booking::ids::SectionKey;
use store::Pool;
use store::availability::{self, SectionState};

use crate::reads::{self, Answers, Read, Reader, Weight};

/// Tickets that one query looks at, unless one section has more.
const QUERY_TICKETS_MAX: usize = 50_000;
/// Sections that wait to be read at once, at most.
const WAITING_MAX: usize = 10_000;

/// A section to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub section: SectionKey,
    /// How many tickets it has.
    pub capacity: i32,
}

pub(super) type Reads = Reader<Wanted, SectionState>;

pub(super) fn start(pool: Pool) -> Reads {
    let weight = Weight { of: |wanted: &Wanted| wanted.capacity as usize, max: QUERY_TICKETS_MAX };
    Reader::weighed(WAITING_MAX, weight, move |wanted| read_sections(pool.clone(), wanted))
}

async fn read_sections(pool: Pool, wanted: Vec<Wanted>) -> Answers<Wanted, SectionState> {
    let keys: Vec<SectionKey> = wanted.iter().map(|one| one.section).collect();
    let found = reads::read_in_time(Read::Availability, || async {
        Ok(availability::find(&mut *pool.acquire().await?, &keys).await?)
    });
    let mut found: std::collections::HashMap<SectionKey, SectionState> =
        found.await?.into_iter().map(|state| ((state.event, state.number), state)).collect();
    Ok(wanted.into_iter().filter_map(|one| Some((one, found.remove(&one.section)?))).collect())
}
