//! The history of reservations and payments.

use super::spoiled::{AS_LEFT, PAYMENT_AS_LEFT, breaks};

const NOT_AHEAD: &str = "history_is_of_reservations";
const UNBROKEN: &str = "history_is_unbroken";
const LEGAL: &str = "changes_are_legal";
const PAYMENT_NOT_AHEAD: &str = "payment_history_is_of_payments";

#[test]
fn a_change_that_history_does_not_tell_is_found() {
    breaks(&[AS_LEFT], "DELETE FROM reservation_history WHERE became = 'confirmed'");
}

#[test]
fn a_change_to_other_tickets_is_found() {
    breaks(&[AS_LEFT], "UPDATE reservation_history SET tickets = '{9}' WHERE became = 'confirmed'");
}

#[test]
fn history_of_nobody_is_found() {
    let spoil =
        "INSERT INTO reservation_history SELECT at, gen_random_uuid(), event_id, revision, was,
                     became, expires_at, cause, reason, tickets
                 FROM reservation_history WHERE became = 'rejected' LIMIT 1";
    breaks(&[NOT_AHEAD], spoil);
}

#[test]
fn a_missing_change_in_the_middle_is_found() {
    let spoil = "DELETE FROM reservation_history h USING reservations r
                 WHERE r.id = h.reservation_id AND r.status = 'confirmed' AND h.became = 'paying'";
    breaks(&[UNBROKEN], spoil);
}

#[test]
fn a_missing_beginning_is_found() {
    let spoil = "DELETE FROM reservation_history WHERE was IS NULL
                     AND reservation_id = '00000000-0000-0000-0000-000000000005'";
    breaks(&[UNBROKEN], spoil);
}

#[test]
fn a_change_that_the_states_do_not_allow_is_found() {
    let spoil = "UPDATE reservation_history
                 SET was = CASE was WHEN 'held' THEN 'rejected'::reservation_status END,
                     became = CASE became WHEN 'held' THEN 'rejected' ELSE became END
                 WHERE reservation_id = '00000000-0000-0000-0000-000000000005'";
    breaks(&[LEGAL], spoil);
}

#[test]
fn a_payment_that_is_not_as_history_left_it_is_found() {
    let spoil = "UPDATE payment_history SET became = 'declined' WHERE became = 'succeeded'";
    breaks(&[PAYMENT_AS_LEFT], spoil);
}

#[test]
fn history_of_no_payment_is_found() {
    let spoil =
        "INSERT INTO payment_history SELECT at, gen_random_uuid(), reservation_id, event_id,
                     was, became, refund_due, cause, reason
                 FROM payment_history WHERE became = 'succeeded'";
    breaks(&[PAYMENT_NOT_AHEAD], spoil);
}
