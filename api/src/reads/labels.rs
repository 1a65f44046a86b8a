//! The labels of seats, kept in memory by section: they never change under one version of the
//! layout.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use booking::domain::{PlanSection, SectionKind};
use booking::ids::{SectionKey, TicketNumber};
use moka::sync::Cache;
use store::Pool;
use store::seats::{self, SeatLabel};

use super::batched::{Answers, Reader, Weight};
use super::catalogue::Entry;
use super::database::{self, Away};
use super::meter::Read;

/// The most seats whose labels are kept: about 40 MB.
const SEATS_MAX: u64 = 2_000_000;
/// The most seats that one query reads, unless a single section has more.
const QUERY_SEATS_MAX: usize = 20_000;
/// The most requests that wait for a read.
const WAITING_MAX: usize = 10_000;
/// A client that has its tickets does not wait longer for their labels.
const READ_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Labels {
    kept: Cache<Key, Arc<SectionLabels>>,
    reader: Reader<Key, SectionLabels>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    section: SectionKey,
    layout_version: i32,
    capacity: i32,
}

impl Labels {
    pub(crate) fn new(pool: Pool) -> Self {
        let weight = |key: &Key, _: &Arc<SectionLabels>| key.capacity.unsigned_abs();
        let per_query = Weight { of: |key: &Key| key.capacity as usize, max: QUERY_SEATS_MAX };
        Self {
            kept: Cache::builder().max_capacity(SEATS_MAX).weigher(weight).build(),
            reader: Reader::weighed(WAITING_MAX, per_query, move |keys| {
                read_labels(pool.clone(), keys)
            }),
        }
    }

    /// The label of a ticket: "Row C, seat 14", or the name of its section if it has no seat.
    pub(crate) async fn find_label(
        &self,
        entry: &Entry,
        ticket: TicketNumber,
    ) -> Result<String, Away> {
        let Some(section) = entry.plan.section_of(ticket) else { return Ok(by_number(ticket)) };
        if section.kind == SectionKind::General {
            return Ok(format!("Standing, {}", entry.section_name(section.number)));
        }
        let labels = self.find_section(entry, section).await?;
        Ok(labels.and_then(|labels| labels.get(ticket)).unwrap_or_else(|| by_number(ticket)))
    }

    async fn find_section(
        &self,
        entry: &Entry,
        section: &PlanSection,
    ) -> Result<Option<Arc<SectionLabels>>, Away> {
        let key = Key {
            section: (entry.event.id, section.number),
            layout_version: entry.event.layout_version,
            capacity: section.capacity,
        };
        if let Some(known) = self.kept.get(&key) {
            return Ok(Some(known));
        }
        // Boxed because this path is rare but its future is large; unboxed, every waiting request
        // would carry it.
        let found = Box::pin(self.reader.read_within(READ_TIMEOUT, key)).await?;
        if let Some(labels) = &found {
            self.kept.insert(key, Arc::clone(labels));
        }
        Ok(found)
    }
}

/// The label of a ticket while the real one is not known.
pub(crate) fn by_number(ticket: TicketNumber) -> String {
    format!("Ticket {ticket}")
}

async fn read_labels(pool: Pool, keys: Vec<Key>) -> Answers<Key, SectionLabels> {
    let sections: Vec<SectionKey> = keys.iter().map(|key| key.section).collect();
    let mut found = database::read_in_time(Read::Labels, || async {
        Ok(seats::labels(&mut *pool.acquire().await?, &sections).await?)
    })
    .await?;
    let labels = |key: Key| Some((key, SectionLabels::pack(&found.remove(&key.section)?)));
    Ok(keys.into_iter().filter_map(labels).collect::<HashMap<_, _>>())
}

/// Labels by ticket. A row's label is stored once, and the labels of all seats are one string.
#[derive(Debug, Default)]
struct SectionLabels {
    rows: Vec<Box<str>>,
    seats: Vec<Seat>,
    text: String,
}

#[derive(Debug)]
struct Seat {
    ticket: TicketNumber,
    row: u32,
    label_ends: u32,
}

impl SectionLabels {
    fn pack(labels: &[SeatLabel]) -> Self {
        let mut all = Self::default();
        for label in labels {
            if all.rows.last().is_none_or(|row| **row != *label.row) {
                all.rows.push(label.row.as_str().into());
            }
            all.text.push_str(&label.seat);
            all.seats.push(Seat {
                ticket: label.number,
                row: all.rows.len() as u32 - 1,
                label_ends: all.text.len() as u32,
            });
        }
        all
    }

    fn find_place(&self, ticket: TicketNumber) -> Option<usize> {
        // Usually all tickets of a section have seats, so the position follows from the number.
        let distance = ticket.0.checked_sub(self.seats.first()?.ticket.0)?;
        let likely = usize::try_from(distance).ok()?;
        if self.seats.get(likely).is_some_and(|seat| seat.ticket == ticket) {
            return Some(likely);
        }
        self.seats.binary_search_by_key(&ticket, |seat| seat.ticket).ok()
    }

    fn get(&self, ticket: TicketNumber) -> Option<String> {
        let at = self.find_place(ticket)?;
        let begins = at.checked_sub(1).map_or(0, |before| self.seats[before].label_ends);
        let label = &self.text[begins as usize..self.seats[at].label_ends as usize];
        let row = &self.rows[self.seats[at].row as usize];
        let mut text = String::with_capacity(10 + row.len() + label.len());
        write!(text, "Row {row}, seat {label}").expect("writing to a string does not fail");
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_called_by_row_and_seat() {
        let label = |number, row: &str, seat: &str| SeatLabel {
            number: TicketNumber(number),
            row: row.to_owned(),
            seat: seat.to_owned(),
        };
        let labels = [label(1, "A", "1"), label(2, "A", "12"), label(5, "B", "1")];
        let labels = SectionLabels::pack(&labels);
        assert_eq!(labels.get(TicketNumber(1)).as_deref(), Some("Row A, seat 1"));
        assert_eq!(labels.get(TicketNumber(2)).as_deref(), Some("Row A, seat 12"));
        assert_eq!(labels.get(TicketNumber(5)).as_deref(), Some("Row B, seat 1"));
        for unknown in [i32::MIN, 0, 3, 6] {
            assert_eq!(labels.get(TicketNumber(unknown)), None);
        }
        assert_eq!(labels.rows.len(), 2);
    }
}
