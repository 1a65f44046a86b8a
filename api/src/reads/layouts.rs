//! The layouts, kept in memory as they are sent: a layout never changes under one version.

use std::sync::Arc;

use axum::body::Bytes;
use booking::domain::{Section, SectionKind};
use booking::ids::{EventId, SectionNumber};
use moka::sync::Cache;
use serde::Serialize;
use store::Pool;
use store::seats::{self, Seat};
use utoipa::ToSchema;

use super::catalogue::Entry;
use super::database::{self, Away};
use super::meter::Read;

/// The most bytes of JSON that are kept.
const KEPT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The most seats that one query reads, unless a single section has more.
const QUERY_SEATS_MAX: i32 = 20_000;

/// The layout of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LayoutBody {
    /// Its sections, by number.
    pub sections: Vec<LayoutSection>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LayoutSection {
    pub number: i32,
    pub name: String,
    /// `seated` or `general`.
    #[schema(value_type = String)]
    pub kind: SectionKind,
    /// Its seats; none for general admission.
    pub tickets: Vec<LayoutSeat>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LayoutSeat {
    /// The number of its ticket.
    pub number: i32,
    /// The label of its row.
    pub row: String,
    /// Its label in the row.
    pub seat: String,
    /// The number of its tier.
    pub tier: i32,
    /// Metres to the right of the stage's middle, as the audience sees it.
    pub x: f32,
    /// Metres from the stage.
    pub y: f32,
    /// For people who need it.
    pub accessible: bool,
}

/// A layout as it is sent.
#[derive(Debug)]
pub(crate) struct Layout {
    pub version: i32,
    /// The JSON of [`LayoutBody`].
    pub json: Bytes,
}

#[derive(Debug)]
pub(crate) struct Layouts {
    pool: Pool,
    kept: Cache<EventId, Arc<Layout>>,
    reading: tokio::sync::Mutex<()>,
}

impl Layouts {
    pub(crate) fn new(pool: Pool) -> Self {
        let weight =
            |_: &EventId, layout: &Arc<Layout>| layout.json.len().try_into().unwrap_or(u32::MAX);
        let kept = Cache::builder().max_capacity(KEPT_BYTES_MAX).weigher(weight).build();
        Self { pool, kept, reading: tokio::sync::Mutex::default() }
    }

    /// The layout of an event. It is read if its present version is not in memory.
    pub(crate) async fn find_layout(&self, entry: &Entry) -> Result<Arc<Layout>, Away> {
        if let Some(layout) = self.known(entry) {
            return Ok(layout);
        }
        let _one_at_a_time = self.reading.lock().await;
        if let Some(layout) = self.known(entry) {
            return Ok(layout);
        }
        let layout = Arc::new(self.read_layout(entry).await?);
        self.kept.insert(entry.event.id, Arc::clone(&layout));
        Ok(layout)
    }

    fn known(&self, entry: &Entry) -> Option<Arc<Layout>> {
        // The catalogue may be a few seconds old and name an earlier version, so a newer layout is
        // right.
        self.kept.get(&entry.event.id).filter(|kept| kept.version >= entry.event.layout_version)
    }

    async fn read_layout(&self, entry: &Entry) -> Result<Layout, Away> {
        let version = self.version(entry.event.id).await?;
        let mut body = LayoutBody { sections: Vec::with_capacity(entry.event.sections.len()) };
        for portion in portions(&entry.event.sections) {
            let numbers: Vec<SectionNumber> =
                portion.iter().map(|section| section.number).collect();
            let seats = database::read_in_time(Read::Layout, || async {
                let mut connection = self.pool.acquire().await?;
                Ok(seats::find(&mut connection, entry.event.id, &numbers).await?)
            })
            .await?;
            body.sections.extend(portion.iter().map(|section| layout_section(section, &seats)));
        }
        if self.version(entry.event.id).await? != version {
            return Err(Away);
        }
        let json = serde_json::to_vec(&body).expect("plain data always has a JSON form").into();
        Ok(Layout { version, json })
    }

    async fn version(&self, event: EventId) -> Result<i32, Away> {
        let found = database::read_in_time(Read::LayoutVersion, || async {
            Ok(seats::layout_version(&mut *self.pool.acquire().await?, event).await?)
        });
        found.await?.ok_or(Away)
    }
}

/// Splits the sections into portions that are small enough for one query; a portion has at least
/// one section.
fn portions(mut sections: &[Section]) -> Vec<&[Section]> {
    let mut portions = Vec::new();
    while !sections.is_empty() {
        let mut seats = 0;
        let fits = |section: &&Section| {
            seats += section.capacity;
            seats <= QUERY_SEATS_MAX
        };
        let count = sections.iter().take_while(fits).count().max(1);
        let (portion, rest) = sections.split_at(count);
        portions.push(portion);
        sections = rest;
    }
    portions
}

fn layout_section(section: &Section, seats: &[Seat]) -> LayoutSection {
    let first = section.first_ticket.0;
    let inside = |seat: &&Seat| (first..first + section.capacity).contains(&seat.number.0);
    LayoutSection {
        number: section.number.0,
        name: section.name.clone(),
        kind: section.kind,
        tickets: seats.iter().filter(inside).map(layout_seat).collect(),
    }
}

fn layout_seat(seat: &Seat) -> LayoutSeat {
    LayoutSeat {
        number: seat.number.0,
        row: seat.row.clone(),
        seat: seat.seat.clone(),
        tier: seat.tier.0,
        x: seat.x,
        y: seat.y,
        accessible: seat.accessible,
    }
}

#[cfg(test)]
mod tests {
    use booking::ids::TicketNumber;

    use super::*;

    #[test]
    fn a_query_reads_not_too_many_seats() {
        let section = |capacity| Section {
            number: SectionNumber(1),
            name: String::new(),
            kind: SectionKind::Seated,
            tiers: Vec::new(),
            first_ticket: TicketNumber(1),
            capacity,
            available: 0,
            version: 0,
        };
        let counts = |capacities: &[i32]| {
            let sections: Vec<Section> = capacities.iter().copied().map(section).collect();
            portions(&sections).iter().map(|portion| portion.len()).collect::<Vec<_>>()
        };
        let half = QUERY_SEATS_MAX / 2;
        assert_eq!(counts(&[half, half, 1, 2 * QUERY_SEATS_MAX, 1, 1]), [2, 1, 1, 2]);
        assert_eq!(counts(&[]), [0; 0]);
    }
}
