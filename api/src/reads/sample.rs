//! An event for tests.

use std::sync::Arc;

use booking::domain::{Event, PlanSection, SeatingPlan, Section, SectionKind, Terms, Tier};
use booking::ids::{EventId, SectionNumber, TicketNumber, TierNumber};
use chrono::DateTime;

use super::catalogue::Entry;

/// Seats 1 to 10 in tier 1, standing tickets 11 to 20 in tier 2.
pub(crate) fn entry() -> Entry {
    let at = |seconds: i64| DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap();
    let currency = "EUR".parse().unwrap();
    let kinds = [(1, SectionKind::Seated, 1), (2, SectionKind::General, 11)];
    let section = |(number, kind, first): (i32, SectionKind, i32)| Section {
        number: SectionNumber(number),
        name: format!("Section {number}"),
        kind,
        tiers: vec![TierNumber(number)],
        first_ticket: TicketNumber(first),
        capacity: 10,
        available: 10,
        version: 0,
    };
    let plan_section = |(number, kind, first): (i32, SectionKind, i32)| PlanSection {
        number: SectionNumber(number),
        kind,
        first_ticket: TicketNumber(first),
        capacity: 10,
        tiers: vec![(TicketNumber(first), TierNumber(number))],
        rows: Vec::new(),
    };
    let tier = |number| Tier { number: TierNumber(number), name: String::new(), price: 100 };
    Entry {
        event: Event {
            id: EventId(7),
            name: "An event".to_owned(),
            venue: "A house".to_owned(),
            terms: Terms {
                open: true,
                closed: false,
                on_sale_at: at(0),
                starts_at: at(3_600),
                hold_seconds: 120,
                paying_seconds: 30,
                tickets_per_reservation: 4,
                tickets_per_customer: Some(6),
                currency,
            },
            tiers: vec![tier(1), tier(2)],
            sections: kinds.map(section).to_vec(),
            layout_version: 1,
        },
        plan: Arc::new(SeatingPlan {
            event: EventId(7),
            currency,
            limits_customers: true,
            sections: kinds.map(plan_section).to_vec(),
        }),
    }
}
