//! The invariants, as queries: each finds what must not be.

use sqlx::PgConnection;

/// A rule and how many rows break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What must hold.
    pub rule: &'static str,
    /// How many rows break it.
    pub rows: i64,
}

const RULES: &[(&str, &str)] = &[
    (
        "a section's count of available tickets is that of its rows, and none is missing",
        "SELECT count(*) FROM sections s, LATERAL (
             SELECT count(*) FILTER (WHERE state = 'available') AS available, count(*) AS tickets
             FROM tickets t WHERE t.event_id = s.event_id
               AND t.number >= s.first_ticket AND t.number < s.first_ticket + s.capacity
         ) AS t WHERE s.available <> t.available OR s.capacity <> t.tickets",
    ),
    (
        "every ticket lies in exactly one section",
        "SELECT count(*) FROM tickets t WHERE 1 <> (
             SELECT count(*) FROM sections s WHERE s.event_id = t.event_id
               AND t.number >= s.first_ticket AND t.number < s.first_ticket + s.capacity)",
    ),
    (
        "a live reservation has each of its tickets, in its state and to its time",
        "SELECT count(*) FROM reservations r CROSS JOIN unnest(r.tickets) AS n
         LEFT JOIN tickets t ON t.event_id = r.event_id AND t.number = n
         WHERE r.status IN ('held', 'paying', 'confirmed')
           AND (t.reservation_id IS DISTINCT FROM r.id
                OR t.state::text <> CASE r.status WHEN 'confirmed' THEN 'sold' ELSE 'held' END
                OR (r.status <> 'confirmed' AND t.expires_at <> r.expires_at))",
    ),
    (
        "a taken ticket is in its reservation's list, and the reservation is live",
        "SELECT count(*) FROM tickets t
         LEFT JOIN reservations r ON r.event_id = t.event_id AND r.id = t.reservation_id
         WHERE t.state IN ('held', 'sold')
           AND (r.id IS NULL OR NOT t.number = ANY (r.tickets)
                OR r.status NOT IN ('held', 'paying', 'confirmed'))",
    ),
    (
        "a reservation is confirmed exactly when one payment of it succeeded, for its price",
        "SELECT count(*) FROM (
             SELECT r.status, (SELECT sum(price) FROM unnest(r.prices) AS price) AS price,
                    count(p.id) AS payments, sum(p.amount) AS paid
             FROM reservations r
             LEFT JOIN payments p ON p.event_id = r.event_id AND p.reservation_id = r.id
                                 AND p.status = 'succeeded'
             WHERE r.status = 'confirmed' OR p.id IS NOT NULL
             GROUP BY r.event_id, r.id
         ) AS r WHERE (status = 'confirmed') <> (payments = 1)
                   OR (status = 'confirmed' AND price <> paid)",
    ),
    (
        "money captured is ticketed, refunded, or under review",
        "SELECT count(*) FROM gateway.charges c
         LEFT JOIN payments p ON p.id = c.attempt
         WHERE c.captured AND (
             (p.status = 'succeeded' AND c.refunded_at IS NULL)
             OR (p.status = 'refunded' AND c.refunded_at IS NOT NULL)
             OR p.status = 'processing') IS NOT TRUE
            OR (c.captured AND c.amount <> p.amount)",
    ),
    (
        "a payment that succeeded or was refunded was captured by the gateway",
        "SELECT count(*) FROM payments p LEFT JOIN gateway.charges c ON c.attempt = p.id
         WHERE p.status IN ('succeeded', 'refunded') AND c.captured IS NOT TRUE",
    ),
    (
        "no customer has more tickets than the event allows",
        "SELECT count(*) FROM (
             SELECT 1 FROM reservations r JOIN events e ON e.id = r.event_id
             WHERE e.tickets_per_customer IS NOT NULL AND r.status IN ('held', 'paying', 'confirmed')
             GROUP BY r.event_id, r.customer, e.tickets_per_customer
             HAVING sum(cardinality(r.tickets)) FILTER (
                 WHERE r.status <> 'held' OR r.expires_at > clock_timestamp()
             ) > e.tickets_per_customer
         ) AS over",
    ),
    (
        "a reservation is of an event that exists",
        "SELECT count(*) FROM reservations r
         WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = r.event_id)",
    ),
];

/// Every rule that is broken now. Read in one snapshot, so it may run beside bookings.
pub async fn violations(connection: &mut PgConnection) -> Result<Vec<Violation>, sqlx::Error> {
    let mut broken = Vec::new();
    sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .execute(&mut *connection)
        .await?;
    for (rule, query) in RULES {
        let rows: i64 = sqlx::query_scalar(*query).fetch_one(&mut *connection).await?;
        if rows > 0 {
            broken.push(Violation { rule, rows });
        }
    }
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(broken)
}
