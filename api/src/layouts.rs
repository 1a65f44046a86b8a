//! Where the seats are and what they are called, kept in memory per event: it never changes under
//! one version.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use common::domain::{EventId, SectionKind, TicketNumber};
use common::store::events::Seat;
use common::store::{self, Pool};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::Entry;
use crate::database::{self, Away};

/// Layouts that are kept; when there are more, it begins anew.
const KEPT_MAX: usize = 256;

/// The geometry of a house.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayoutBody {
    /// Its sections, by number.
    pub sections: Vec<LayoutSection>,
}

/// A section of a layout.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayoutSection {
    /// Its number.
    pub number: i32,
    /// Its name.
    pub name: String,
    /// `seated` or `general`.
    #[schema(value_type = String)]
    pub kind: SectionKind,
    /// Its seats; none for general admission.
    pub tickets: Vec<LayoutSeat>,
}

/// A seat of a layout.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayoutSeat {
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

/// A layout, ready to be sent, and the labels of its seats.
#[derive(Debug)]
pub struct Layout {
    /// Its version.
    pub version: i32,
    /// The JSON of [`LayoutBody`].
    pub json: Bytes,
    labels: Labels,
}

impl Layout {
    /// What a ticket is called: "Row C, seat 14".
    pub fn label(&self, ticket: TicketNumber) -> Option<String> {
        self.labels.get(ticket)
    }
}

/// Labels by ticket: rows repeat, so they are kept once.
#[derive(Debug, Default)]
struct Labels {
    rows: Vec<Box<str>>,
    seats: Vec<(TicketNumber, u32, Box<str>)>,
}

impl Labels {
    fn of(seats: &[Seat]) -> Self {
        let mut labels = Self::default();
        for seat in seats {
            if labels.rows.last().is_none_or(|row| **row != *seat.row) {
                labels.rows.push(seat.row.as_str().into());
            }
            let row = labels.rows.len() as u32 - 1;
            labels.seats.push((seat.number, row, seat.seat.as_str().into()));
        }
        labels
    }

    fn get(&self, ticket: TicketNumber) -> Option<String> {
        let at = self.seats.binary_search_by_key(&ticket, |(number, ..)| *number).ok()?;
        let (_, row, seat) = &self.seats[at];
        let row = &self.rows[*row as usize];
        let mut label = String::with_capacity(10 + row.len() + seat.len());
        write!(label, "Row {row}, seat {seat}").expect("writing to a string does not fail");
        Some(label)
    }
}

/// The layouts that this process has met.
#[derive(Debug)]
pub struct Layouts {
    pool: Pool,
    kept: RwLock<HashMap<EventId, Arc<Layout>>>,
    reading: tokio::sync::Mutex<()>,
}

impl Layouts {
    /// None is known yet.
    pub fn new(pool: Pool) -> Self {
        Self { pool, kept: RwLock::default(), reading: tokio::sync::Mutex::default() }
    }

    /// The layout of an event, read if it is not known in its present version.
    pub async fn of(&self, entry: &Entry) -> Result<Arc<Layout>, Away> {
        match self.known(entry) {
            Some(layout) => Ok(layout),
            // Rare and large: in a box it does not weigh on every request that waits.
            None => Box::pin(self.read(entry)).await,
        }
    }

    async fn read(&self, entry: &Entry) -> Result<Arc<Layout>, Away> {
        let _one_at_a_time = self.reading.lock().await;
        if let Some(layout) = self.known(entry) {
            return Ok(layout);
        }
        let id = entry.event.id;
        let found = database::read("a layout", || async {
            Ok(store::events::layout(&mut *self.pool.acquire().await?, id).await?)
        })
        .await?;
        let (version, seats) = found.ok_or(Away)?;
        let layout =
            Arc::new(Layout { version, json: render(entry, &seats), labels: Labels::of(&seats) });
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(id, Arc::clone(&layout));
        Ok(layout)
    }

    fn known(&self, entry: &Entry) -> Option<Arc<Layout>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let layout = kept.get(&entry.event.id)?;
        // A catalogue that is a few seconds old may still name the version before.
        (layout.version >= entry.event.layout_version).then(|| Arc::clone(layout))
    }
}

fn render(entry: &Entry, seats: &[Seat]) -> Bytes {
    let section = |section: &common::domain::Section| {
        let (first, capacity) = (section.first_ticket.0, section.capacity);
        let inside = |seat: &&Seat| (first..first + capacity).contains(&seat.number.0);
        LayoutSection {
            number: section.number.0,
            name: section.name.clone(),
            kind: section.kind,
            tickets: seats.iter().filter(inside).map(layout_seat).collect(),
        }
    };
    let body = LayoutBody { sections: entry.event.sections.iter().map(section).collect() };
    serde_json::to_vec(&body).expect("plain data always has a JSON form").into()
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
    use common::domain::TierNumber;

    use super::*;

    #[test]
    fn seats_are_called_by_row_and_seat() {
        let seat = |number, row: &str, seat: &str| Seat {
            number: TicketNumber(number),
            tier: TierNumber(1),
            row: row.to_owned(),
            seat: seat.to_owned(),
            x: 0.0,
            y: 0.0,
            accessible: false,
        };
        let labels = Labels::of(&[seat(1, "A", "1"), seat(2, "A", "2"), seat(5, "B", "1")]);
        assert_eq!(labels.get(TicketNumber(2)).as_deref(), Some("Row A, seat 2"));
        assert_eq!(labels.get(TicketNumber(5)).as_deref(), Some("Row B, seat 1"));
        assert_eq!(labels.get(TicketNumber(3)), None);
        assert_eq!(labels.rows.len(), 2);
    }
}
