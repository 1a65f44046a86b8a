//! Events for tests.

use booking::ids::EventId;
use store::seed::{EventPlan, SectionPlan, SectionPlanKind};

/// A seated event on sale: one section with rows of ten, long holds, no limit for a customer.
pub fn seated(rows: usize) -> EventPlan {
    EventPlan {
        id: EventId(1),
        name: "A test".to_owned(),
        venue: "Test hall".to_owned(),
        starts_in_days: 10.0,
        on_sale_in_days: -1.0,
        hold_seconds: 600,
        paying_seconds: 30,
        tickets_per_reservation: 10,
        tickets_per_customer: None,
        tiers: vec![("Standard", 2_500)],
        sections: vec![section("Stalls", rows)],
    }
}

/// Rows of ten seats.
pub fn section(name: &'static str, rows: usize) -> SectionPlan {
    let kind = SectionPlanKind::Rows {
        tiers: vec![1; rows],
        first_row: b'A',
        seats: 10,
        x: 0.0,
        y: 3.0,
        accessible: false,
    };
    SectionPlan { name, kind }
}

/// A section of standing places.
pub fn standing(name: &'static str, capacity: i32) -> SectionPlan {
    SectionPlan { name, kind: SectionPlanKind::Standing { tier: 1, capacity } }
}
