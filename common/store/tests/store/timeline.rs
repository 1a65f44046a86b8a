//! What support is told of a reservation.

use booking::domain::{PaymentStatus, ReservationStatus};
use store::timeline::Timeline;
use store::timeline::{self, Subject};

use crate::support::{EVENT, Scene, cancel, id, wish, with_scene};

async fn timeline(scene: &Scene<'_>, number: u128) -> Option<Timeline> {
    timeline::of(&mut *scene.connection().await, EVENT, id(number)).await.expect("a query")
}

/// Each change as: queue, state left, state taken.
fn told(timeline: &Timeline) -> Vec<String> {
    let or_new = |from: Option<&'static str>| from.unwrap_or("new");
    let tell = |change: &timeline::Change| match &change.subject {
        Subject::Reservation { from, to, .. } => {
            format!("{}: {} > {to}", change.queue, or_new(from.map(ReservationStatus::as_str)))
        }
        Subject::Payment { from, to, refund_due, .. } => {
            let from = or_new(from.map(PaymentStatus::as_str));
            let due = if *refund_due { ", refund due" } else { "" };
            format!("{}: payment {from} > {to}{due}", change.queue)
        }
    };
    timeline.changes.iter().map(tell).collect()
}

#[test]
fn a_timeline_tells_every_change_of_a_reservation_and_its_payments_in_order() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2]), wish(2, "bob", &[3])]).await;
        let late = scene.charge(1, 1).await;
        scene.charge(2, 2).await;
        scene.make_due(1).await;
        scene.commit(&[wish(3, "eve", &[2])]).await;
        scene.captured(&late).await;
        let due = scene.payment(1).await;
        scene.give_back(&due).await;
        let timeline = timeline(scene, 1).await.expect("it is decided");
        let expected = [
            "requests.00: new > held",
            "payments.00: held > paying",
            "payments.00: payment new > processing",
            "requests.00: paying > expired",
            "payments.00: payment processing > processing, refund due",
            "payments.00: payment processing > refunded",
        ];
        assert_eq!(told(&timeline), expected);
        let losers = timeline.changes.iter().filter_map(|change| match &change.subject {
            Subject::Reservation { taken_over_by, .. } => *taken_over_by,
            Subject::Payment { .. } => None,
        });
        assert_eq!(losers.collect::<Vec<_>>(), [id(3)], "who had the seat then");
    });
}

#[test]
fn what_is_not_decided_has_no_timeline() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1])]).await;
        assert!(timeline(scene, 2).await.is_none());
        assert_eq!(timeline(scene, 1).await.map(|one| one.changes.len()), Some(1));
    });
}

#[test]
fn a_front_door_whose_clock_is_a_day_ahead_does_not_hide_the_beginning() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1])]).await;
        scene.commit(&[cancel(1)]).await;
        scene.execute("UPDATE reservations SET created_at = created_at + interval '1 day'").await;
        let timeline = timeline(scene, 1).await.expect("it is decided");
        assert_eq!(told(&timeline), ["requests.00: new > held", "requests.00: held > cancelled"]);
    });
}
