//! The geometry of houses.

use std::sync::Arc;

use booking::domain::{EventId, SectionKind, TicketNumber, TierNumber};
use store::houses::{self, HouseCache};
use store::seed;

use crate::support::{EVENT, numbers, with_database, with_scene};

#[test]
fn a_house_knows_where_its_sections_tiers_and_rows_begin() {
    with_scene(Some(4), async |scene| {
        let found = houses::find(&mut *scene.connection().await, &[EVENT]).await.expect("a query");
        let [house] = &found[..] else { panic!("{found:?}") };
        assert!(house.limits_customers);
        assert_eq!((house.event, house.currency.as_str()), (EVENT, "EUR"));
        let [seats, floor] = &house.sections[..] else { panic!("{house:?}") };
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
fn every_ticket_of_the_demo_houses_lies_in_its_section_and_tier() {
    with_database(async |pool| {
        let mut connection = pool.acquire().await.expect("a connection");
        let plans = seed::demo();
        for plan in &plans {
            seed::plant(&mut connection, plan).await.expect("planted");
        }
        let ids: Vec<EventId> = plans.iter().map(|plan| plan.id).collect();
        let houses = houses::find(&mut connection, &ids).await.expect("a query");
        assert_eq!(houses.len(), plans.len());
        for plan in &plans {
            let house = houses.iter().find(|house| house.event == plan.id).expect("a house");
            assert_eq!(house.limits_customers, plan.tickets_per_customer.is_some());
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
                let found = house.section_of(TicketNumber(number)).expect("a section");
                assert_eq!(found.number.0, section, "{number}");
                assert_eq!(found.tier_of(TicketNumber(number)), Some(TierNumber(tier)), "{number}");
            }
            assert_eq!(house.section_of(TicketNumber(0)), None);
            assert_eq!(house.section_of(TicketNumber(tickets.len() as i32 + 1)), None);
        }
    });
}

#[test]
fn houses_are_read_once_and_unknown_events_are_left_out() {
    with_scene(None, async |scene| {
        let cache = HouseCache::default();
        let first = cache.of(scene.pool, &[EventId(99), EVENT, EVENT]).await.expect("a query");
        assert_eq!(first.keys().collect::<Vec<_>>(), [&EVENT]);
        let second = cache.of(scene.pool, &[EVENT]).await.expect("no query");
        assert!(Arc::ptr_eq(&first[&EVENT], &second[&EVENT]));
        assert!(cache.get(EVENT).is_some() && cache.get(EventId(99)).is_none());
    });
}
