-- Roles with just the rights that the processes need. Run this in the database as its owner (who may create
-- roles) after each `workers migrate`; running it again changes nothing else. The owner itself is for
-- `workers migrate` and `workers seed` only. Then give each process a login of its own, for example:
--
--     CREATE ROLE api_1 LOGIN PASSWORD '…' IN ROLE boxoffice_api;
--     CREATE ROLE workers_1 LOGIN PASSWORD '…' IN ROLE boxoffice_workers;

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['boxoffice_api', 'boxoffice_workers'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
EXCEPTION
    -- Another database of the same server got there first.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

REVOKE ALL ON SCHEMA public, gateway FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public, gateway FROM PUBLIC, boxoffice_api, boxoffice_workers;
GRANT USAGE ON SCHEMA public TO boxoffice_api, boxoffice_workers;
GRANT USAGE ON SCHEMA gateway TO boxoffice_workers;

-- The front door reads what clients may see, and changes nothing.
GRANT SELECT ON events, tiers, sections, seats, tickets, reservations, payments TO boxoffice_api;

-- The workers write what buyers do. They delete nothing, and what is for sale is not theirs to change.
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public, gateway TO boxoffice_workers;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO boxoffice_workers;
REVOKE INSERT, UPDATE ON events, tiers, seats, _sqlx_migrations FROM boxoffice_workers;
REVOKE INSERT ON sections, tickets FROM boxoffice_workers;
REVOKE UPDATE ON reservation_history, payment_history FROM boxoffice_workers;
