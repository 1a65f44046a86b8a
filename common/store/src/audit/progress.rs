//! Rules of progress: no hold or payment should last long after its end. A broken one does no
//! harm by itself, but an operator should find the cause.

use super::{Group, Rule};

const fn rule(name: &'static str, statement: &'static str, query: &'static str) -> Rule {
    Rule { name, group: Group::Progress, statement, query }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "due_holds_are_freed",
        "no hold is overdue by five minutes",
        "SELECT count(*) FROM reservations
         WHERE status IN ('held', 'paying') AND expires_at < now() - interval '5 min'",
    ),
    rule(
        "payments_end",
        "no payment is under way for longer than an hour",
        "SELECT count(*) FROM payments
         WHERE status = 'processing' AND updated_at < now() - interval '1 hour'",
    ),
];
