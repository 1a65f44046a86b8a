-- Where rows and tiers change along the tickets of a section: all that a decision must know of the geometry, in one
-- row a section. Read from the tickets themselves it would cost every process a row a ticket, just when a sale begins.
CREATE TABLE section_plans (
    event_id integer NOT NULL,
    section integer NOT NULL,
    tier_starts integer[] NOT NULL,
    tiers integer[] NOT NULL,
    row_starts integer[] NOT NULL,
    PRIMARY KEY (event_id, section),
    FOREIGN KEY (event_id, section) REFERENCES sections (event_id, number),
    CHECK (cardinality(tier_starts) = cardinality(tiers))
);
COMMENT ON TABLE section_plans IS 'Drawn by draw_section_plans when an event is made, and again if its tickets or seats are';
COMMENT ON COLUMN section_plans.tier_starts IS 'The tickets from which on the tier is another, ascending';
COMMENT ON COLUMN section_plans.tiers IS 'The tier from each of them on';
COMMENT ON COLUMN section_plans.row_starts IS 'The first ticket of each row, ascending; none for general admission';

-- The plans as tickets and seats have them now.
CREATE VIEW section_plans_now AS
SELECT c.event_id, c.number AS section, coalesce(p.tier_starts, '{}') AS tier_starts,
       coalesce(p.tiers, '{}') AS tiers, coalesce(p.row_starts, '{}') AS row_starts
FROM sections c
LEFT JOIN (
    SELECT event_id, section,
           array_agg(number ORDER BY number) FILTER (WHERE new_tier) AS tier_starts,
           array_agg(tier ORDER BY number) FILTER (WHERE new_tier) AS tiers,
           array_agg(number ORDER BY number) FILTER (WHERE seated AND new_row) AS row_starts
    FROM (
        SELECT c.event_id, c.number AS section, t.number, t.tier, s.number IS NOT NULL AS seated,
               t.tier IS DISTINCT FROM lag(t.tier) OVER w AS new_tier,
               s.row_label IS DISTINCT FROM lag(s.row_label) OVER w AS new_row
        FROM sections c
        JOIN tickets t ON t.event_id = c.event_id AND t.number >= c.first_ticket
                      AND t.number < c.first_ticket + c.capacity
        LEFT JOIN seats s ON s.event_id = t.event_id AND s.number = t.number
        WINDOW w AS (PARTITION BY c.event_id, c.number ORDER BY t.number)
    ) AS along
    WHERE new_tier OR (seated AND new_row)
    GROUP BY event_id, section
) AS p ON p.event_id = c.event_id AND p.section = c.number;

CREATE FUNCTION draw_section_plans(event integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO section_plans
    SELECT * FROM section_plans_now WHERE event_id = event
    ON CONFLICT (event_id, section) DO UPDATE
    SET tier_starts = excluded.tier_starts, tiers = excluded.tiers, row_starts = excluded.row_starts;
$$;

INSERT INTO section_plans SELECT * FROM section_plans_now;
