//! Every rule of the audit is clean on good data, and finds what was spoiled on purpose.

use common::decide::Finished;
use common::store::audit::{self, Violation};

use crate::support::{Scene, any_of, cancel, wish, with_scene};

const HAS_AN_EVENT: &str = "a reservation is of an event that exists";
const COUNT: &str =
    "a section's count of available tickets is that of its rows, and none is missing";
const ONE_SECTION: &str = "every ticket lies in exactly one section";
const HAS_ITS_TICKETS: &str =
    "a live reservation has each of its tickets, in its state and to its time";
const HAS_A_HOLDER: &str =
    "a taken ticket is in its reservation's list, and the reservation is live";
const PAID_ONCE: &str =
    "a reservation is confirmed exactly when one payment of it succeeded, for its price";
const CAPTURED: &str = "money captured is ticketed, refunded, or under review";
const WAS_CAPTURED: &str = "a payment that succeeded or was refunded was captured by the gateway";
const LIMIT: &str = "no customer has more tickets than the event allows";

/// Some of everything: 1 held, 2 confirmed, 3 paying, 4 refused, 5 cancelled, 6 a tombstone, 7 expired
/// and refunded, 8 the one that took it over.
async fn everything(scene: &Scene<'_>) {
    let batch = [wish(1, "ada", &[1, 2, 31]), wish(2, "bob", &[3, 4]), wish(3, "eve", &[5])];
    scene.commit(&batch).await;
    let paid = scene.charge(2, 2).await;
    scene.captured(&paid).await;
    scene.charge(3, 3).await;
    scene.commit(&[wish(4, "bob", &[1]), wish(5, "bob", &[8]), wish(7, "bob", &[9, 10])]).await;
    scene.commit(&[cancel(5), cancel(6)]).await;
    let late = scene.charge(7, 7).await;
    scene.make_due(7).await;
    scene.commit(&[wish(8, "eve", &[10]), any_of(9, "eve", 2, 2)]).await;
    let Finished::Refund(due) = scene.captured(&late).await else {
        panic!("the tickets were free")
    };
    scene.give_back(&due).await;
}

async fn violations(scene: &Scene<'_>) -> Vec<Violation> {
    audit::violations(&mut *scene.connection().await).await.expect("a query")
}

/// Spoils good data and expects that just these rules are broken, by one row each.
#[track_caller]
fn breaks(rules: &[&'static str], spoil: &'static str) {
    with_scene(Some(6), async |scene| {
        everything(scene).await;
        assert_eq!(violations(scene).await, [], "good data is clean");
        scene.execute(spoil).await;
        let expected: Vec<_> = rules.iter().map(|rule| Violation { rule, rows: 1 }).collect();
        assert_eq!(violations(scene).await, expected, "{spoil}");
    });
}

#[test]
fn an_empty_database_is_clean() {
    with_scene(None, async |scene| assert_eq!(violations(scene).await, []));
}

#[test]
fn a_wrong_count_of_available_tickets_is_found() {
    breaks(&[COUNT], "UPDATE sections SET available = available - 1 WHERE number = 2");
}

#[test]
fn a_missing_ticket_is_found() {
    breaks(&[COUNT], "DELETE FROM tickets WHERE number = 30");
}

#[test]
fn a_ticket_without_a_section_is_found() {
    breaks(&[ONE_SECTION], "INSERT INTO tickets (event_id, number, tier) VALUES (7, 999, 1)");
}

#[test]
fn a_hold_whose_ticket_runs_out_at_another_time_is_found() {
    let spoil = "UPDATE tickets SET expires_at = expires_at + interval '1 s' WHERE number = 2";
    breaks(&[HAS_ITS_TICKETS], spoil);
}

#[test]
fn a_confirmed_reservation_whose_ticket_is_only_held_is_found() {
    let spoil = "UPDATE tickets SET state = 'held', expires_at = now() WHERE number = 3";
    breaks(&[HAS_ITS_TICKETS], spoil);
}

#[test]
fn a_ticket_that_its_holder_lost_is_found() {
    let spoil = "UPDATE tickets SET state = 'available', reservation_id = NULL, expires_at = NULL
                 WHERE number = 2;
                 UPDATE sections SET available = available + 1 WHERE number = 1";
    breaks(&[HAS_ITS_TICKETS], spoil);
}

#[test]
fn two_reservations_with_one_ticket_are_found() {
    let spoil = "INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                     updated_at, expires_at, currency, customer, tickets, prices)
                 SELECT event_id, gen_random_uuid(), 1, status, 0, now(), now(), expires_at, currency,
                        'mallory', '{2}', '{5000}'
                 FROM reservations WHERE 2 = ANY (tickets)";
    breaks(&[HAS_ITS_TICKETS], spoil);
}

#[test]
fn a_ticket_of_a_reservation_that_ended_is_found() {
    let spoil = "UPDATE reservations SET status = 'expired' WHERE 5 = ANY (tickets)";
    breaks(&[HAS_A_HOLDER], spoil);
}

#[test]
fn a_ticket_of_nobody_is_found() {
    let spoil = "UPDATE tickets SET state = 'sold', reservation_id = gen_random_uuid()
                 WHERE number = 20;
                 UPDATE sections SET available = available - 1 WHERE number = 1";
    breaks(&[HAS_A_HOLDER], spoil);
}

#[test]
fn a_confirmed_reservation_that_nobody_paid_for_is_found() {
    let spoil = "DELETE FROM gateway.charges WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded');
                 DELETE FROM payments WHERE status = 'succeeded'";
    breaks(&[PAID_ONCE], spoil);
}

#[test]
fn a_reservation_that_was_paid_for_twice_is_found() {
    let spoil = "INSERT INTO payments (event_id, id, reservation_id, status, amount, currency, card,
                     card_last4, fingerprint, created_at, updated_at)
                 SELECT event_id, '00000000-0000-0000-0000-0000000000ff', reservation_id, status, amount,
                        currency, card, card_last4, 0, now(), now()
                 FROM payments WHERE status = 'succeeded';
                 INSERT INTO gateway.charges (attempt, reservation, amount, currency, captured)
                 SELECT id, reservation_id, amount, currency, true
                 FROM payments WHERE id = '00000000-0000-0000-0000-0000000000ff'";
    breaks(&[PAID_ONCE], spoil);
}

#[test]
fn a_payment_of_another_amount_than_the_price_is_found() {
    let spoil = "UPDATE payments SET amount = amount - 1 WHERE status = 'succeeded';
                 UPDATE gateway.charges SET amount = amount - 1 WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[PAID_ONCE], spoil);
}

#[test]
fn a_paid_reservation_that_is_not_confirmed_is_found() {
    let spoil = "UPDATE payments SET status = 'succeeded' WHERE status = 'processing'";
    breaks(&[PAID_ONCE], spoil);
}

#[test]
fn a_charge_of_another_amount_than_its_payment_is_found() {
    let spoil = "UPDATE gateway.charges SET amount = amount + 1 WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[CAPTURED], spoil);
}

#[test]
fn a_charge_without_a_payment_is_found() {
    let spoil = "INSERT INTO gateway.charges (attempt, reservation, amount, currency, captured)
                 VALUES (gen_random_uuid(), gen_random_uuid(), 100, 'EUR', true)";
    breaks(&[CAPTURED], spoil);
}

#[test]
fn a_charge_that_was_kept_though_its_payment_failed_is_found() {
    let spoil = "UPDATE payments SET status = 'declined', reason = 'card_declined'
                 WHERE status = 'processing'";
    breaks(&[CAPTURED], spoil);
}

#[test]
fn a_refund_that_the_gateway_does_not_know_is_found() {
    breaks(&[CAPTURED], "UPDATE gateway.charges SET refunded_at = NULL");
}

#[test]
fn a_refund_of_what_was_ticketed_is_found() {
    let spoil = "UPDATE gateway.charges SET refunded_at = now() WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[CAPTURED], spoil);
}

#[test]
fn a_success_that_the_gateway_does_not_know_is_found() {
    let spoil = "DELETE FROM gateway.charges WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[WAS_CAPTURED], spoil);
}

#[test]
fn a_success_that_the_gateway_refused_is_found() {
    let spoil = "UPDATE gateway.charges SET captured = false, refused = 'card_declined'
                 WHERE attempt IN (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[WAS_CAPTURED], spoil);
}

#[test]
fn a_customer_with_too_many_tickets_is_found() {
    breaks(&[LIMIT], "UPDATE events SET tickets_per_customer = 3");
}

#[test]
fn a_reservation_of_no_event_is_found() {
    let spoil = "INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                                           updated_at, currency, customer, reason)
                 VALUES (99, gen_random_uuid(), 1, 'rejected', 1, now(), now(), 'EUR', 'ada', 'too_late')";
    breaks(&[HAS_AN_EVENT], spoil);
}

#[test]
fn an_overdue_hold_does_not_count_against_its_customer() {
    with_scene(Some(3), async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2, 3])]).await;
        scene.make_due(1).await;
        scene.commit(&[wish(2, "ada", &[4, 5, 6])]).await;
        assert_eq!(violations(scene).await, []);
    });
}
