//! The events for sale, and how many of their tickets are left.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::client::Client;

/// Shorter holds expire while the demo runs.
const SHORT_HOLD_SECONDS: i64 = 10;
/// The number of seats that many buyers want.
const WANTED: usize = 16;

/// The events of the demo.
pub(super) struct Stage {
    /// Where buyers pick seats and pay.
    pub(super) main: Event,
    /// Where buyers let holds expire; none if no event has short holds.
    pub(super) short: Option<Event>,
}

/// An event on sale.
pub(super) struct Event {
    pub(super) id: i64,
    pub(super) name: String,
    /// By number.
    pub(super) sections: BTreeMap<i64, Section>,
    /// Free seats of one section that many buyers want.
    pub(super) wanted: Vec<i64>,
    hold_seconds: i64,
}

pub(super) struct Section {
    pub(super) name: String,
    pub(super) capacity: i64,
}

impl Stage {
    /// Chooses the largest event on sale with seats, and one with short holds.
    pub(super) fn look(client: &Client) -> Result<Self> {
        let answer = client.get("/api/v1/events")?;
        ensure!(answer.status == 200, "the list of events: {}", answer.status);
        let list = answer.body["events"].as_array().context("no list of events")?;
        let on_sale = list.iter().filter(|event| event["status"] == "on_sale");
        let events = on_sale.map(Event::read).collect::<Result<Vec<_>>>()?;
        let (short, mut long): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| event.hold_seconds <= SHORT_HOLD_SECONDS);
        long.sort_by_key(Event::capacity);
        let mut main = None;
        while let Some(mut event) = long.pop() {
            event.wanted = wanted(client, event.id)?;
            if !event.wanted.is_empty() {
                main = Some(event);
                break;
            }
        }
        let main = main.context("no event with free seats is on sale (workers seed makes some)")?;
        Ok(Self { main, short: short.into_iter().next() })
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        std::iter::once(&self.main).chain(&self.short)
    }
}

impl Event {
    fn read(event: &Value) -> Result<Self> {
        let sections = event["sections"].as_array().context("an event without sections")?;
        Ok(Self {
            id: number(&event["id"])?,
            name: event["name"].as_str().unwrap_or_default().to_owned(),
            sections: sections.iter().map(section).collect::<Result<_>>()?,
            wanted: Vec::new(),
            hold_seconds: number(&event["hold_seconds"])?,
        })
    }

    fn capacity(&self) -> i64 {
        self.sections.values().map(|section| section.capacity).sum()
    }

    /// The number of tickets that are available now in each section.
    pub(super) fn available(&self, client: &Client) -> Result<BTreeMap<i64, i64>> {
        let answer = availability(client, self.id)?;
        let sections = answer["sections"].as_array().context("no sections")?.iter();
        sections
            .map(|section| Ok((number(&section["number"])?, number(&section["available"])?)))
            .collect()
    }
}

fn section(section: &Value) -> Result<(i64, Section)> {
    let name = section["name"].as_str().unwrap_or_default().to_owned();
    Ok((number(&section["number"])?, Section { name, capacity: number(&section["capacity"])? }))
}

/// The first free seats of the section that has the most of them.
fn wanted(client: &Client, event: i64) -> Result<Vec<i64>> {
    let layout = client.get(&format!("/api/v1/events/{event}/layout"))?;
    let taken = availability(client, event)?;
    let taken: BTreeSet<i64> =
        array(&taken["sections"]).iter().flat_map(|section| expanded(&section["taken"])).collect();
    let free = array(&layout.body["sections"]).iter().map(|section| {
        let seats = array(&section["tickets"]).iter().filter_map(|seat| seat["number"].as_i64());
        seats.filter(|seat| !taken.contains(seat)).collect::<Vec<_>>()
    });
    let mut best = free.max_by_key(Vec::len).unwrap_or_default();
    best.truncate(WANTED);
    Ok(best)
}

fn availability(client: &Client, event: i64) -> Result<Value> {
    let answer = client.get(&format!("/api/v1/events/{event}/availability"))?;
    ensure!(answer.status == 200, "the availability of event {event}: {}", answer.status);
    Ok(answer.body)
}

/// Expands single numbers and pairs `[first, last]`.
fn expanded(taken: &Value) -> Vec<i64> {
    let run = |one: &Value| match (one.as_i64(), one[0].as_i64(), one[1].as_i64()) {
        (Some(number), ..) => number..=number,
        (None, Some(first), Some(last)) => first..=last,
        #[expect(clippy::reversed_empty_ranges, reason = "nothing")]
        _ => 1..=0,
    };
    array(taken).iter().flat_map(run).collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> Result<i64> {
    value.as_i64().with_context(|| format!("{value} where a number should be"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn runs_are_expanded() {
        assert_eq!(expanded(&json!([1, [4, 6], 9])), [1, 4, 5, 6, 9]);
        assert_eq!(expanded(&json!(null)), [0; 0]);
        assert_eq!(expanded(&json!(["x", []])), [0; 0]);
    }
}
