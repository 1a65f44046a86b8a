//! An event as clients see it.

use booking::domain::{Event, Money, SaleStatus, Section, SectionKind, Tier};
use booking::ids::SectionNumber;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::board::EventBoard;
use crate::http::MoneyView;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    pub id: i32,
    pub name: String,
    /// Where it takes place.
    pub venue: String,
    /// When it begins, which ends the sale.
    pub starts_at: DateTime<Utc>,
    /// When the sale begins.
    pub on_sale_at: DateTime<Utc>,
    /// `upcoming`, `on_sale`, `paused`, `closed`.
    #[schema(value_type = String, example = "on_sale")]
    pub status: SaleStatus,
    /// How long a hold lasts.
    pub hold_seconds: i32,
    /// Tickets in one reservation, at most.
    pub tickets_per_reservation: i32,
    /// Tickets of one customer, at most; null for no limit.
    pub tickets_per_customer: Option<i32>,
    /// Names the layout: under `?v=` this it may be cached for ever.
    pub layout_version: i32,
    /// Price tiers, by number.
    pub tiers: Vec<TierView>,
    /// Sections, by number.
    pub sections: Vec<SectionView>,
    /// Now, by the server's clock.
    pub server_now: DateTime<Utc>,
}

/// A price tier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tier)]
pub(crate) struct TierView {
    /// Its number within the event.
    pub number: i32,
    pub name: String,
    /// What a ticket in it costs.
    pub price: MoneyView,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Section)]
pub(crate) struct SectionView {
    /// Its number within the event.
    pub number: i32,
    pub name: String,
    /// `seated` or `general`.
    #[schema(value_type = String, example = "seated")]
    pub kind: SectionKind,
    /// The numbers of the tiers of its tickets.
    pub tiers: Vec<i32>,
    /// The number of its first ticket; the others follow without a gap.
    pub first_ticket: i32,
    /// How many tickets it has.
    pub capacity: i32,
    /// How many of them are available.
    pub available: i32,
    /// Rises by one with every change of its tickets.
    pub version: i64,
}

/// The view of an event at a moment. Counts come from the board if it has them, else from the event
/// as it was read.
pub(crate) fn render_event(
    event: &Event,
    board: Option<&EventBoard>,
    now: DateTime<Utc>,
) -> EventView {
    let counts = board.and_then(EventBoard::counts).unwrap_or_default();
    let terms = &event.terms;
    let tier = |tier: &Tier| TierView {
        number: tier.number.0,
        name: tier.name.clone(),
        price: Money { amount: tier.price, currency: terms.currency }.into(),
    };
    EventView {
        id: event.id.0,
        name: event.name.clone(),
        venue: event.venue.clone(),
        starts_at: terms.starts_at,
        on_sale_at: terms.on_sale_at,
        status: terms.status(now),
        hold_seconds: terms.hold_seconds,
        tickets_per_reservation: terms.tickets_per_reservation,
        tickets_per_customer: terms.tickets_per_customer,
        layout_version: event.layout_version,
        tiers: event.tiers.iter().map(tier).collect(),
        sections: event.sections.iter().map(|one| render_section(one, &counts)).collect(),
        server_now: now,
    }
}

fn render_section(section: &Section, counts: &[(SectionNumber, i64, i32)]) -> SectionView {
    let counted = counts.iter().find(|(number, ..)| *number == section.number);
    let (version, available) = counted
        .map_or((section.version, section.available), |(_, version, available)| {
            (*version, *available)
        });
    SectionView {
        number: section.number.0,
        name: section.name.clone(),
        kind: section.kind,
        tiers: section.tiers.iter().map(|tier| tier.0).collect(),
        first_ticket: section.first_ticket.0,
        capacity: section.capacity,
        available,
        version,
    }
}
