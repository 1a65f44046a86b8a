//! What is overdue.

use super::spoiled::breaks;

const FREED: &str = "due_holds_are_freed";
const ENDS: &str = "payments_end";

#[test]
fn a_hold_that_nobody_frees_is_found() {
    let spoil = "UPDATE reservations SET expires_at = expires_at - interval '1 day'
                 WHERE id = '00000000-0000-0000-0000-000000000001';
                 UPDATE reservation_history SET expires_at = expires_at - interval '1 day'
                 WHERE reservation_id = '00000000-0000-0000-0000-000000000001';
                 UPDATE tickets SET expires_at = expires_at - interval '1 day'
                 WHERE reservation_id = '00000000-0000-0000-0000-000000000001'";
    breaks(&[FREED], spoil);
}

#[test]
fn a_payment_that_does_not_end_is_found() {
    let spoil = "UPDATE payments SET updated_at = updated_at - interval '2 h'
                 WHERE status = 'processing';
                 UPDATE payment_history SET at = at - interval '2 h' WHERE payment_id IN
                     (SELECT id FROM payments WHERE status = 'processing')";
    breaks(&[ENDS], spoil);
}
