//! Payments, charges and refunds.

use super::spoiled::{PAYMENT_AS_LEFT, breaks};

const PAID_ONCE: &str = "confirmed_are_paid_once";
const PAYS_SOMETHING: &str = "successes_have_a_reservation";
const UNDER_WAY: &str = "paying_has_a_payment_under_way";
const CAPTURED: &str = "captured_is_accounted_for";
const WAS_CAPTURED: &str = "successes_were_captured";

#[test]
fn a_confirmed_reservation_that_nobody_paid_for_is_found() {
    let spoil = "DELETE FROM gateway.charges WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded');
                 DELETE FROM payment_history WHERE payment_id IN
                     (SELECT id FROM payments WHERE status = 'succeeded');
                 DELETE FROM payments WHERE status = 'succeeded'";
    breaks(&[PAID_ONCE], spoil);
}

#[test]
fn a_reservation_that_was_paid_for_twice_is_found() {
    let spoil =
        "INSERT INTO payments (event_id, id, reservation_id, status, amount, currency, card,
                     card_last4, fingerprint, created_at, updated_at)
                 SELECT event_id, '00000000-0000-0000-0000-0000000000ff', reservation_id, status,
                        amount, currency, card, card_last4, 0, now(), now()
                 FROM payments WHERE status = 'succeeded';
                 INSERT INTO gateway.charges (attempt, reservation, amount, currency, captured)
                 SELECT id, reservation_id, amount, currency, true
                 FROM payments WHERE id = '00000000-0000-0000-0000-0000000000ff'";
    breaks(&[PAID_ONCE, PAYMENT_AS_LEFT], spoil);
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
    breaks(&[PAID_ONCE, UNDER_WAY, PAYMENT_AS_LEFT], spoil);
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
    breaks(&[UNDER_WAY, CAPTURED, PAYMENT_AS_LEFT], spoil);
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
fn a_payment_of_no_reservation_is_found() {
    let spoil = "UPDATE payments SET reservation_id = gen_random_uuid() WHERE status = 'succeeded'";
    breaks(&[PAID_ONCE, PAYS_SOMETHING], spoil);
}
