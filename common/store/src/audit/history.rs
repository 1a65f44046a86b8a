//! Rules of history: the log of changes must match the present rows. A rule of the inventory says
//! that tickets match their reservation, so the rules here need to check only reservations.

use super::{Group, Rule};

const fn rule(name: &'static str, statement: &'static str, query: &'static str) -> Rule {
    Rule { name, group: Group::History, statement, query }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "reservations_are_as_history_left_them",
        "a reservation is as the last row of its history left it",
        "SELECT count(*) FROM reservations r
         LEFT JOIN reservation_history h
           ON h.event_id = r.event_id AND h.reservation_id = r.id AND h.revision = r.revision
          AND h.at >= $1
         WHERE r.updated_at >= $1
           AND (h.became IS DISTINCT FROM r.status OR h.at IS DISTINCT FROM r.updated_at
                OR h.expires_at IS DISTINCT FROM r.expires_at
                OR h.reason IS DISTINCT FROM r.reason OR h.tickets IS DISTINCT FROM r.tickets)",
    ),
    rule(
        "history_is_of_reservations",
        "history tells of no reservation that is not there, and of none further than it is",
        "SELECT count(*) FROM reservation_history h
         LEFT JOIN reservations r ON r.event_id = h.event_id AND r.id = h.reservation_id
         WHERE h.at >= $1 AND (r.id IS NULL OR h.revision > r.revision)",
    ),
    rule(
        "history_is_unbroken",
        "each change of a reservation goes on from the state that the one before it left",
        // The first change in the checked time may follow an earlier one, which is not read.
        "SELECT count(*) FROM (
             SELECT was, revision, lag(became) OVER changes AS left_in,
                    lag(revision) OVER changes AS after
             FROM reservation_history WHERE at >= $1
             WINDOW changes AS (PARTITION BY event_id, reservation_id ORDER BY revision)
         ) AS h
         WHERE CASE WHEN after IS NULL THEN was IS NOT NULL AND $1 <= '1970-01-01Z'
                    ELSE was IS DISTINCT FROM left_in OR revision = after END",
    ),
    rule(
        "changes_are_legal",
        "a reservation changes only as its states allow",
        "SELECT count(*) FROM reservation_history
         WHERE at >= $1 AND was IS NOT NULL AND (was, became) NOT IN (
             ('held', 'paying'), ('held', 'cancelled'), ('held', 'expired'), ('paying', 'held'),
             ('paying', 'confirmed'), ('paying', 'expired'), ('expired', 'confirmed'),
             ('confirmed', 'refunded'))",
    ),
    rule(
        "payments_are_as_history_left_them",
        "a payment is as the last row of its history left it, and came there step by step",
        "SELECT count(*) FROM payments p
         LEFT JOIN (
             SELECT event_id, payment_id, count(*) FILTER (WHERE was IS NULL) AS begun,
                    (array_agg(became ORDER BY at DESC, became DESC, refund_due DESC))[1] AS became,
                    (array_agg(refund_due ORDER BY at DESC, became DESC, refund_due DESC))[1]
                        AS refund_due,
                    max(at) AS at
             FROM payment_history WHERE at >= $1 GROUP BY event_id, payment_id
         ) AS h ON h.event_id = p.event_id AND h.payment_id = p.id
         WHERE p.updated_at >= $1
           AND (h.became IS DISTINCT FROM p.status OR h.refund_due IS DISTINCT FROM p.refund_due
                OR h.at IS DISTINCT FROM p.updated_at
                OR (h.begun <> 1 AND $1 <= '1970-01-01Z'))",
    ),
    rule(
        "payment_history_is_of_payments",
        "history tells of no payment that is not there",
        "SELECT count(*) FROM payment_history h
         LEFT JOIN payments p ON p.event_id = h.event_id AND p.id = h.payment_id
         WHERE h.at >= $1 AND p.id IS NULL",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use booking::domain::ReservationStatus;

    #[test]
    fn the_legal_changes_are_those_of_the_machine() {
        let rule = RULES.iter().find(|rule| rule.name == "changes_are_legal").expect("the rule");
        for from in ReservationStatus::ALL {
            for to in ReservationStatus::ALL {
                let listed = rule.query.contains(&format!("('{from}', '{to}')"));
                // A pending request has no row yet, so history has no change from that state.
                let legal = *from != ReservationStatus::Pending && from.may_become(*to);
                assert_eq!(listed, legal, "{from} to {to}");
            }
        }
    }
}
