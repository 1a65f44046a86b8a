//! Reads the taken tickets from the database: sections of all boards together, in queries of
//! limited size.

use booking::ids::SectionKey;
use store::Pool;
use store::availability::{self, SectionState};

use crate::reads::{self, Answers, Read, Reader, Weight};

/// The most tickets that one query reads, unless a single section has more.
const QUERY_TICKETS_MAX: usize = 50_000;
/// The most sections that wait for a query.
const WAITING_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub section: SectionKey,
    /// The number of its tickets: what the read costs.
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
