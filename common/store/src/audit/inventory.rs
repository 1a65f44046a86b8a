//! Rules of the inventory: tickets, sections, and which reservation holds which tickets.

use super::{Group, Rule};

const fn rule(name: &'static str, statement: &'static str, query: &'static str) -> Rule {
    Rule { name, group: Group::Inventory, statement, query }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "section_counts",
        "a section's count of available tickets is that of its rows, and none is missing",
        "SELECT count(*) FROM sections s, LATERAL (
             SELECT count(*) FILTER (WHERE state = 'available') AS available, count(*) AS tickets
             FROM tickets t WHERE t.event_id = s.event_id
               AND t.number >= s.first_ticket AND t.number < s.first_ticket + s.capacity
         ) AS t WHERE s.available <> t.available OR s.capacity <> t.tickets",
    ),
    rule(
        "tickets_in_sections",
        "every ticket lies in exactly one section",
        // True if sections do not overlap, and together contain as many tickets as the event has.
        "SELECT coalesce(sum(abs(e.tickets - coalesce(s.inside, 0)) + coalesce(s.overlaps, 0)), 0)
                ::bigint
         FROM (SELECT event_id, count(*) AS tickets FROM tickets GROUP BY event_id) AS e
         LEFT JOIN (
             SELECT event_id, sum(inside) AS inside,
                    count(*) FILTER (WHERE first_ticket < ends_before) AS overlaps
             FROM (
                 SELECT s.event_id, s.first_ticket,
                        (SELECT count(*) FROM tickets t WHERE t.event_id = s.event_id
                           AND t.number >= s.first_ticket
                           AND t.number < s.first_ticket + s.capacity) AS inside,
                        max(s.first_ticket + s.capacity) OVER (
                            PARTITION BY s.event_id ORDER BY s.first_ticket, s.number
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ends_before
                 FROM sections s
             ) AS s GROUP BY event_id
         ) AS s USING (event_id)",
    ),
    rule(
        "section_plans_are_true",
        "a section's plan says where rows and tiers change as its seats and tickets do",
        "SELECT count(*) FROM section_plans_now AS now
         FULL JOIN section_plans AS plan USING (event_id, section)
         WHERE (now.tier_starts, now.tiers, now.row_starts)
               IS DISTINCT FROM (plan.tier_starts, plan.tiers, plan.row_starts)",
    ),
    rule(
        "live_reservations_have_their_tickets",
        "a live reservation has each of its tickets, in its state and to its time",
        "SELECT count(*) FROM reservations r CROSS JOIN unnest(r.tickets) AS n
         LEFT JOIN tickets t ON t.event_id = r.event_id AND t.number = n
         WHERE r.status IN ('held', 'paying', 'confirmed')
           AND (t.reservation_id IS DISTINCT FROM r.id
                OR t.state <> CASE r.status WHEN 'confirmed' THEN 'sold'::ticket_state
                                            ELSE 'held'::ticket_state END
                OR (r.status <> 'confirmed' AND t.expires_at <> r.expires_at))",
    ),
    rule(
        "taken_tickets_have_a_live_holder",
        "a taken ticket is in its reservation's list, and the reservation is live",
        "SELECT count(*) FROM tickets t
         LEFT JOIN reservations r ON r.event_id = t.event_id AND r.id = t.reservation_id
         WHERE t.state IN ('held', 'sold')
           AND (r.id IS NULL OR NOT t.number = ANY (r.tickets)
                OR r.status NOT IN ('held', 'paying', 'confirmed'))",
    ),
    rule(
        "customer_limits",
        "no customer has more tickets than the event allows",
        "SELECT count(*) FROM (
             SELECT 1 FROM reservations r JOIN events e ON e.id = r.event_id
             WHERE e.tickets_per_customer IS NOT NULL
               AND r.status IN ('held', 'paying', 'confirmed')
             GROUP BY r.event_id, r.customer, e.tickets_per_customer
             HAVING sum(cardinality(r.tickets)) FILTER (
                 WHERE r.status <> 'held' OR r.expires_at > clock_timestamp()
             ) > e.tickets_per_customer
         ) AS over",
    ),
    rule(
        "reservations_have_an_event",
        "a reservation is of an event that exists",
        "SELECT count(*) FROM reservations r
         WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = r.event_id)",
    ),
];
