//! The geometry of seating plans.

use std::sync::Arc;

use booking::domain::SectionKind;
use booking::ids::{EventId, TicketNumber, TierNumber};
use store::seating_plans::{self, SeatingPlanCache};
use store::seed;

use crate::support::{EVENT, numbers, with_database, with_scene};

#[test]
fn a_plan_knows_where_its_sections_tiers_and_rows_begin() {
    with_scene(Some(4), async |scene| {
        let found =
            seating_plans::find(&mut *scene.connection().await, &[EVENT]).await.expect("a query");
        let [seating_plan] = &found[..] else { panic!("{found:?}") };
        assert!(seating_plan.limits_customers);
        assert_eq!((seating_plan.event, seating_plan.currency.as_str()), (EVENT, "EUR"));
        let [seats, floor] = &seating_plan.sections[..] else { panic!("{seating_plan:?}") };
        assert_eq!(
            (seats.kind, seats.first_ticket.0, seats.capacity),
            (SectionKind::Seated, 1, 30)
        );
        let tier = |ticket, tier| (TicketNumber(ticket), TierNumber(tier));
        assert_eq!(seats.tiers, [tier(1, 1), tier(21, 2)]);
        assert_eq!(seats.rows, numbers(&[1, 11, 21]));
        assert_eq!(
            (floor.kind, floor.first_ticket.0, floor.capacity),
            (SectionKind::General, 31, 20)
        );
        assert_eq!((floor.tiers.as_slice(), floor.rows.len()), (&[tier(31, 3)][..], 0));
    });
}

#[test]
fn every_ticket_of_the_demo_plans_lies_in_its_section_and_tier() {
    with_database(async |pool| {
        let mut connection = pool.acquire().await.expect("a connection");
        let plans = seed::demo();
        for plan in &plans {
            seed::plant(&mut connection, plan).await.expect("planted");
        }
        let ids: Vec<EventId> = plans.iter().map(|plan| plan.id).collect();
        let seating_plans = seating_plans::find(&mut connection, &ids).await.expect("a query");
        assert_eq!(seating_plans.len(), plans.len());
        for plan in &plans {
            let seating_plan = seating_plans
                .iter()
                .find(|seating_plan| seating_plan.event == plan.id)
                .expect("a seating plan");
            assert_eq!(seating_plan.limits_customers, plan.tickets_per_customer.is_some());
            let tickets: Vec<(i32, i32, i32)> = sqlx::query_as(
                "SELECT t.number, t.tier, s.number FROM tickets t JOIN sections s
                   ON s.event_id = t.event_id AND t.number >= s.first_ticket
                  AND t.number < s.first_ticket + s.capacity WHERE t.event_id = $1",
            )
            .bind(plan.id.0)
            .fetch_all(&mut *connection)
            .await
            .expect("a query");
            assert!(!tickets.is_empty());
            for &(number, tier, section) in &tickets {
                let found = seating_plan.section_of(TicketNumber(number)).expect("a section");
                assert_eq!(found.number.0, section, "{number}");
                assert_eq!(found.tier_of(TicketNumber(number)), Some(TierNumber(tier)), "{number}");
            }
            assert_eq!(seating_plan.section_of(TicketNumber(0)), None);
            assert_eq!(seating_plan.section_of(TicketNumber(tickets.len() as i32 + 1)), None);
        }
    });
}

#[test]
fn plans_are_read_once_and_unknown_events_are_left_out() {
    with_scene(None, async |scene| {
        let cache = SeatingPlanCache::default();
        let first =
            cache.find_plans(scene.pool, &[EventId(99), EVENT, EVENT]).await.expect("a query");
        assert_eq!(first.keys().collect::<Vec<_>>(), [&EVENT]);
        let second = cache.find_plans(scene.pool, &[EVENT]).await.expect("no query");
        assert!(Arc::ptr_eq(&first[&EVENT], &second[&EVENT]));
        assert!(cache.get(EVENT).is_some() && cache.get(EventId(99)).is_none());
    });
}
