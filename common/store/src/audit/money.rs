//! Rules of money: payments, and the charges that the gateway has recorded.

use super::{Group, Rule};

const fn rule(name: &'static str, statement: &'static str, query: &'static str) -> Rule {
    Rule { name, group: Group::Money, statement, query }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "confirmed_are_paid_once",
        "a reservation is confirmed exactly when one payment of it succeeded, for its price",
        "SELECT count(*) FROM (
             SELECT r.status, (SELECT sum(price) FROM unnest(r.prices) AS price) AS price,
                    r.currency, count(p.id) AS payments, sum(p.amount) AS paid,
                    min(p.currency) AS paid_in
             FROM reservations r
             LEFT JOIN payments p ON p.event_id = r.event_id AND p.reservation_id = r.id
                                 AND p.status = 'succeeded'
             WHERE r.status = 'confirmed' OR p.id IS NOT NULL
             GROUP BY r.event_id, r.id
         ) AS r WHERE (status = 'confirmed') <> (payments = 1)
                   OR (status = 'confirmed' AND (price <> paid OR currency <> paid_in))",
    ),
    rule(
        "successes_have_a_reservation",
        "a payment that succeeded pays a reservation that exists",
        "SELECT count(*) FROM payments p
         LEFT JOIN reservations r ON r.event_id = p.event_id AND r.id = p.reservation_id
         WHERE p.status = 'succeeded' AND r.id IS NULL",
    ),
    rule(
        "paying_has_a_payment_under_way",
        "a reservation that is being paid has a payment under way",
        "SELECT count(*) FROM reservations r
         LEFT JOIN payments p ON p.event_id = r.event_id AND p.reservation_id = r.id
                             AND p.status = 'processing'
         WHERE r.status = 'paying' AND p.id IS NULL",
    ),
    rule(
        "captured_is_accounted_for",
        "money captured is ticketed, refunded, or under review",
        "SELECT count(*) FROM gateway.charges c
         LEFT JOIN payments p ON p.id = c.attempt
         WHERE c.captured AND (
             (p.status = 'succeeded' AND c.refunded_at IS NULL)
             OR (p.status = 'refunded' AND c.refunded_at IS NOT NULL)
             OR p.status = 'processing') IS NOT TRUE
            OR (c.captured AND (c.amount <> p.amount OR c.currency <> p.currency))",
    ),
    rule(
        "successes_were_captured",
        "a payment that succeeded or was refunded was captured by the gateway",
        "SELECT count(*) FROM payments p LEFT JOIN gateway.charges c ON c.attempt = p.id
         WHERE p.status IN ('succeeded', 'refunded') AND c.captured IS NOT TRUE",
    ),
];
