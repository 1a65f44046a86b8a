//! Holds that are looked for.

use booking::ids::EventId;
use booking::messages::DueHold;
use chrono::TimeDelta;
use store::holds;

use crate::support::{EVENT, cancel, id, wish, with_scene};

#[test]
fn all_holds_of_an_event_are_found_once_each_and_soonest_first() {
    with_scene(None, async |scene| {
        scene
            .commit(&[wish(1, "ada", &[1, 2, 31]), wish(2, "bob", &[3]), wish(3, "eve", &[4])])
            .await;
        scene.commit(&[cancel(3)]).await;
        scene.make_due(2).await;
        let connection = &mut *scene.connection().await;
        let found = holds::of_event(connection, EVENT, None).await.expect("a query");
        let mut expected = Vec::new();
        for number in [2, 1] {
            let due_at = scene.reservation(number).await.expires_at.expect("it is held");
            expected.push(DueHold { event: EVENT, reservation: id(number), due_at });
        }
        assert_eq!(found, expected);
        let elsewhere = holds::of_event(connection, EventId(99), None).await.expect("a query");
        assert_eq!(elsewhere, []);
    });
}

#[test]
fn only_what_has_been_due_for_long_enough_is_overdue() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1]), wish(2, "bob", &[3])]).await;
        scene.make_due(2).await;
        let connection = &mut *scene.connection().await;
        let now = holds::of_event(connection, EVENT, Some(TimeDelta::zero())).await;
        let now: Vec<_> = now.expect("a query").iter().map(|hold| hold.reservation).collect();
        assert_eq!(now, [id(2)]);
        let hour = holds::of_event(connection, EVENT, Some(TimeDelta::hours(1))).await;
        assert_eq!(hour.expect("a query"), []);
    });
}

#[test]
fn events_that_began_long_ago_have_no_holds() {
    with_scene(None, async |scene| {
        let connection = &mut *scene.connection().await;
        assert_eq!(holds::events_with_holds(connection).await.expect("a query"), [EVENT]);
        scene.execute("UPDATE events SET starts_at = now() - interval '3 days'").await;
        assert_eq!(holds::events_with_holds(connection).await.expect("a query"), []);
    });
}
