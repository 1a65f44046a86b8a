//! Events, their sections and tiers, and the terms of their sales.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Currency, Reason};
use crate::ids::{EventId, SectionNumber, TicketNumber, TierNumber};

/// Whether tickets of an event can be reserved now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleStatus {
    /// The sale begins at `on_sale_at`.
    Upcoming,
    /// Tickets can be reserved.
    OnSale,
    /// Stopped by the organiser for a while.
    Paused,
    /// Ended by the organiser, or because the event has begun.
    Closed,
}

/// The terms of an event's sale, as they stand at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The organiser has not paused or closed the sale.
    pub open: bool,
    /// Closed for good (as opposed to paused), where it is not open.
    pub closed: bool,
    /// When the sale begins.
    pub on_sale_at: DateTime<Utc>,
    /// When the event begins, which ends the sale.
    pub starts_at: DateTime<Utc>,
    /// How long a hold lasts, in seconds.
    pub hold_seconds: i32,
    /// For how long at most, in seconds, a payment keeps a hold beyond its end. Only once for each
    /// hold.
    pub paying_seconds: i32,
    /// Tickets in one reservation, at most.
    pub tickets_per_reservation: i32,
    /// Tickets of one customer for this event, at most.
    pub tickets_per_customer: Option<i32>,
    pub currency: Currency,
}

impl Terms {
    pub fn status(&self, now: DateTime<Utc>) -> SaleStatus {
        if self.closed || self.starts_at <= now {
            SaleStatus::Closed
        } else if !self.open {
            SaleStatus::Paused
        } else if self.on_sale_at > now {
            SaleStatus::Upcoming
        } else {
            SaleStatus::OnSale
        }
    }

    /// Why nothing can be reserved at this time; none while the event is on sale.
    pub fn find_refusal(&self, now: DateTime<Utc>) -> Option<Reason> {
        match self.status(now) {
            SaleStatus::OnSale => None,
            SaleStatus::Upcoming => Some(Reason::NotOnSale),
            SaleStatus::Paused => Some(Reason::SalePaused),
            SaleStatus::Closed => Some(Reason::SaleClosed),
        }
    }
}

/// A price tier: all its tickets cost the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its number within the event.
    pub number: TierNumber,
    /// Its name, such as "Front row".
    pub name: String,
    /// Its price in minor units.
    pub price: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// Every ticket is a seat with a row, a label and coordinates.
    Seated,
    /// General admission: tickets without labels.
    General,
}

/// A section with what a list of events shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its number within the event.
    pub number: SectionNumber,
    /// Its name, such as "Stalls".
    pub name: String,
    pub kind: SectionKind,
    /// The tiers of its tickets.
    pub tiers: Vec<TierNumber>,
    /// Its first ticket; the others follow without a gap.
    pub first_ticket: TicketNumber,
    /// The number of its tickets.
    pub capacity: i32,
    /// How many of them are available.
    pub available: i32,
    /// Rises by one with every committed change of its tickets.
    pub version: i64,
}

/// An event with everything that a buyer may see before choosing seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub name: String,
    pub venue: String,
    pub terms: Terms,
    /// Its tiers, by number.
    pub tiers: Vec<Tier>,
    /// Its sections, by number.
    pub sections: Vec<Section>,
    /// The version of its layout: under one version, a layout may be cached for ever.
    pub layout_version: i32,
}
