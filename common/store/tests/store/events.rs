//! Events as buyers see them.

use booking::domain::{Event, SaleStatus, SectionKind, TicketState};
use booking::ids::{EventId, SectionNumber, TierNumber};
use sqlx::PgConnection;
use sqlx::pool::PoolConnection;
use store::events::{self, Cursor};
use store::{Pool, availability, seats, seed};

use crate::support::{EVENT, any_of, numbers, wish, with_database, with_scene};

async fn demo(pool: &Pool) -> PoolConnection<sqlx::Postgres> {
    let mut connection = pool.acquire().await.expect("a connection");
    for plan in seed::demo() {
        assert!(seed::plant(&mut connection, &plan).await.expect("planted"));
    }
    connection
}

async fn page(connection: &mut PgConnection, after: Option<Cursor>) -> (Vec<i32>, Option<Cursor>) {
    let events = events::list(connection, after, 2).await.expect("a list");
    let last = events.last();
    let last = last.map(|event| Cursor { starts_at: event.terms.starts_at, id: event.id });
    (events.iter().map(|event| event.id.0).collect(), last)
}

async fn one(connection: &mut PgConnection, id: i32) -> Option<Event> {
    events::find(connection, &[EventId(id)]).await.expect("a query").pop()
}

#[test]
fn events_are_listed_by_pages_soonest_first() {
    with_database(async |pool| {
        let mut connection = demo(pool).await;
        let (first, cursor) = page(&mut connection, None).await;
        assert_eq!(first, [3, 2]);
        let (second, cursor) = page(&mut connection, cursor).await;
        assert_eq!(second, [1, 4]);
        let (third, cursor) = page(&mut connection, cursor).await;
        assert_eq!((third, cursor), (Vec::new(), None));
    });
}

#[test]
fn events_that_start_together_are_listed_by_id_and_each_once() {
    with_database(async |pool| {
        let mut connection = demo(pool).await;
        let together = "UPDATE events SET starts_at = now() + interval '3 days'";
        sqlx::query(together).execute(&mut *connection).await.expect("updated");
        let (first, cursor) = page(&mut connection, None).await;
        let (second, _) = page(&mut connection, cursor).await;
        assert_eq!([first, second].concat(), [1, 2, 3, 4]);
    });
}

#[test]
fn an_event_of_two_days_ago_is_not_listed_but_found() {
    with_database(async |pool| {
        let mut connection = demo(pool).await;
        let gone = "UPDATE events SET starts_at = now() - interval '2 days' WHERE id = 3";
        sqlx::query(gone).execute(&mut *connection).await.expect("updated");
        let (ids, _) = page(&mut connection, None).await;
        assert_eq!(ids, [2, 1]);
        let found = one(&mut connection, 3).await.expect("an event");
        assert_eq!(found.terms.status(process::clock::now()), SaleStatus::Closed);
    });
}

#[test]
fn an_event_has_its_terms_tiers_and_sections() {
    with_database(async |pool| {
        let mut connection = demo(pool).await;
        let event = one(&mut connection, 2).await.expect("an event");
        assert_eq!(
            (event.name.as_str(), event.venue.as_str()),
            ("Night Shift: live", "Kesselhaus Club")
        );
        let terms = &event.terms;
        assert_eq!((terms.hold_seconds, terms.paying_seconds), (120, 30));
        assert_eq!((terms.tickets_per_reservation, terms.tickets_per_customer), (8, Some(8)));
        assert_eq!(terms.currency.as_str(), "EUR");
        assert_eq!(terms.status(process::clock::now()), SaleStatus::OnSale);
        let tiers: Vec<_> =
            event.tiers.iter().map(|t| (t.number.0, t.name.as_str(), t.price)).collect();
        assert_eq!(tiers, [(1, "Standing", 2_500), (2, "Gallery", 3_900)]);
        let [floor, gallery] = &event.sections[..] else { panic!("{:?}", event.sections) };
        assert_eq!((floor.first_ticket.0, floor.capacity, floor.available), (1, 400, 400));
        assert_eq!((gallery.first_ticket.0, gallery.capacity, gallery.version), (401, 80, 0));
        assert_eq!((gallery.kind, &gallery.tiers), (SectionKind::General, &vec![TierNumber(2)]));
        assert_eq!(one(&mut connection, 99).await, None);
        let later =
            one(&mut connection, 4).await.expect("an event").terms.status(process::clock::now());
        assert_eq!(later, SaleStatus::Upcoming);
    });
}

#[test]
fn a_layout_has_every_seat_in_its_place_and_standing_room_has_none() {
    with_scene(None, async |scene| {
        let connection = &mut *scene.connection().await;
        assert_eq!(seats::layout_version(connection, EVENT).await.expect("a query"), Some(1));
        let both = [1, 2].map(SectionNumber);
        let seats = seats::find(connection, EVENT, &both).await.expect("a query");
        assert_eq!(seats.len(), 30);
        let accessible = [21, 30];
        for (seat, number) in seats.iter().zip(1..) {
            let (row, place) = ((number - 1) / 10, (number - 1) % 10);
            assert_eq!(seat.number.0, number);
            assert_eq!(seat.row, ["A", "B", "C"][row as usize]);
            assert_eq!(seat.seat, (place + 1).to_string());
            assert_eq!(seat.tier.0, if row < 2 { 1 } else { 2 });
            assert_eq!(seat.accessible, accessible.contains(&number), "{number}");
            let (x, y) = (0.8 * (place as f32 - 4.5), 3.0 + row as f32);
            assert!((seat.x - x).abs() < 1e-4 && (seat.y - y).abs() < 1e-4, "{seat:?}");
        }
        assert_eq!(seats::layout_version(connection, EventId(99)).await.expect("a query"), None);
    });
}

#[test]
fn labels_are_read_for_many_sections_and_standing_room_has_none() {
    with_scene(None, async |scene| {
        let connection = &mut *scene.connection().await;
        let keys = [1, 2, 3].map(|number| (EVENT, SectionNumber(number)));
        let labels = seats::labels(connection, &keys).await.expect("a query");
        assert_eq!(labels.keys().collect::<Vec<_>>(), [&keys[0]]);
        let of_seats: Vec<_> = labels[&keys[0]]
            .iter()
            .map(|label| (label.number.0, label.row.as_str(), label.seat.as_str()))
            .collect();
        assert_eq!(
            (of_seats.len(), of_seats[0], of_seats[29]),
            (30, (1, "A", "1"), (30, "C", "10"))
        );
    });
}

#[test]
fn no_two_seats_of_a_demo_plan_are_in_one_place() {
    with_database(async |pool| {
        let mut connection = demo(pool).await;
        for plan in seed::demo() {
            let sections: Vec<SectionNumber> =
                (1..=plan.sections.len() as i32).map(SectionNumber).collect();
            let seats = seats::find(&mut connection, plan.id, &sections).await.expect("a query");
            let near = |(one, other): (&seats::Seat, &seats::Seat)| {
                (one.x - other.x).abs() < 0.7 && (one.y - other.y).abs() < 0.7
            };
            for (place, seat) in seats.iter().enumerate() {
                let other = seats[..place].iter().find(|other| near((seat, other)));
                assert_eq!(other, None, "{seat:?} of {}", plan.name);
            }
        }
    });
}

#[test]
fn availability_lists_what_is_taken_at_a_version() {
    with_scene(None, async |scene| {
        scene.execute("UPDATE tickets SET state = 'blocked' WHERE number = 30").await;
        scene.execute("UPDATE sections SET available = 29 WHERE number = 1").await;
        scene.commit(&[wish(1, "ada", &[2, 5]), any_of(2, "bob", 2, 1)]).await;
        let payment = scene.charge(1, 2).await;
        scene.captured(&payment).await;
        let connection = &mut *scene.connection().await;
        let both = [1, 2].map(|number| (EVENT, SectionNumber(number)));
        let states = availability::find(connection, &both).await.expect("a query");
        let [seats, floor] = &states[..] else { panic!("{states:?}") };
        assert_eq!((seats.number.0, seats.version, seats.available), (1, 1, 27));
        let until = scene.reservation(1).await.expires_at;
        let [two, five, thirty] = numbers(&[2, 5, 30])[..] else { unreachable!() };
        let held = TicketState::Held;
        let taken = [(two, held, until), (five, held, until), (thirty, TicketState::Blocked, None)];
        assert_eq!(seats.taken, taken);
        assert_eq!((floor.number.0, floor.version, floor.available), (2, 2, 19));
        assert_eq!(floor.taken, [(numbers(&[31])[0], TicketState::Sold, None)]);
        let only = availability::find(connection, &both[1..]).await;
        assert_eq!(only.expect("a query"), states[1..]);
        let unknown = [(EventId(99), SectionNumber(1)), (EVENT, SectionNumber(3))];
        assert_eq!(availability::find(connection, &unknown).await.expect("a query"), []);
    });
}
