//! Payments: written once, moved once.

use booking::domain::{CardBehaviour, Payment, PaymentStatus, Reason, ReservationStatus};
use booking::payments::Finished;
use store::{Failure, payments};

use crate::support::{EVENT, payment_id, wish, with_scene};

#[test]
fn a_payment_reads_back_as_it_was_written() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1])]).await;
        let begun = scene.charge(1, 1).await;
        assert_eq!(scene.payment(1).await, begun);
        let refused = Payment {
            id: payment_id(2),
            status: PaymentStatus::Failed,
            card: CardBehaviour::LostAnswer,
            reason: Some(Reason::PaymentInProgress),
            fingerprint: i64::MIN,
            ..begun
        };
        let cause = scene.cause().await;
        let mut transaction = scene.lock_nothing().await;
        let new = std::slice::from_ref(&refused);
        payments::insert(&mut transaction, new, cause).await.expect("written");
        let keys = [1, 2, 3].map(|number| (EVENT, payment_id(number)));
        let found = payments::find(transaction.connection(), &keys).await.expect("a query");
        assert_eq!((found.len(), &found[&keys[1]]), (2, &refused));
    });
}

#[test]
fn a_payment_that_another_worker_began_in_between_is_a_conflict() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1])]).await;
        let begun = scene.charge(1, 1).await;
        let cause = scene.cause().await;
        let again = payments::insert(&mut scene.lock_nothing().await, &[begun], cause).await;
        assert!(matches!(again, Err(Failure::Conflict)), "{again:?}");
    });
}

#[test]
fn a_reservation_has_one_payment_under_way_at_a_time() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1])]).await;
        let begun = scene.charge(1, 1).await;
        let second = Payment { id: payment_id(2), ..begun };
        let cause = scene.cause().await;
        let written = payments::insert(&mut scene.lock_nothing().await, &[second], cause).await;
        assert!(matches!(written, Err(Failure::Refused(_))), "{written:?}");
    });
}

#[test]
fn a_payment_that_is_over_does_not_move() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1])]).await;
        let begun = scene.charge(1, 1).await;
        scene.captured(&begun).await;
        let succeeded = scene.payment(1).await;
        assert_eq!(succeeded.status, PaymentStatus::Succeeded);
        let declined = Payment {
            status: PaymentStatus::Declined,
            reason: Some(Reason::CardDeclined),
            ..begun
        };
        let cause = scene.cause().await;
        let moved = payments::update(&mut scene.lock_nothing().await, &[declined], cause).await;
        assert!(matches!(moved, Err(Failure::Conflict)), "{moved:?}");
        assert_eq!(scene.payment(1).await, succeeded);
    });
}

#[test]
fn a_charge_that_lands_after_its_tickets_were_taken_over_is_given_back() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2])]).await;
        let begun = scene.charge(1, 1).await;
        scene.make_due(1).await;
        scene.commit(&[wish(2, "bob", &[2])]).await;
        let finished = scene.captured(&begun).await;
        let Finished::Refund(due) = finished else { panic!("{finished:?}") };
        assert_eq!(scene.payment(1).await, due);
        assert!(due.refund_due);
        scene.give_back(&due).await;
        let refunded = scene.payment(1).await;
        assert_eq!((refunded.status, refunded.refund_due), (PaymentStatus::Refunded, false));
        assert_eq!(scene.reservation(1).await.status, ReservationStatus::Expired);
        assert_eq!(scene.violations().await, []);
    });
}
