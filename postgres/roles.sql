-- Roles with only the rights that the processes need. Run this file in the database as its owner
-- (who may create roles) after each `workers migrate`; it may be run any number of times. Use the
-- owner itself for `workers migrate` and `workers seed` only. Then create a login for each process,
-- for example:
--
--     CREATE ROLE api_1 LOGIN PASSWORD '…' IN ROLE boxoffice_api;
--     CREATE ROLE workers_1 LOGIN PASSWORD '…' IN ROLE boxoffice_workers;
--     CREATE ROLE ada LOGIN PASSWORD '…' IN ROLE boxoffice_operator;

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['boxoffice_api', 'boxoffice_workers', 'boxoffice_operator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
EXCEPTION
    -- Roles belong to the whole server: a run in another database has just created them.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

REVOKE ALL ON SCHEMA public, gateway FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public, gateway
    FROM PUBLIC, boxoffice_api, boxoffice_workers, boxoffice_operator;
GRANT USAGE ON SCHEMA public TO boxoffice_api, boxoffice_workers, boxoffice_operator;
GRANT USAGE ON SCHEMA gateway TO boxoffice_workers, boxoffice_operator;

-- The front door reads what clients may see, and changes nothing.
GRANT SELECT ON events, tiers, sections, section_plans, seats, tickets, reservations, payments
    TO boxoffice_api;

-- The workers write the actions of buyers. They delete nothing, and they may not change what is for
-- sale.
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public, gateway TO boxoffice_workers;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO boxoffice_workers;
REVOKE INSERT, UPDATE ON events, tiers, seats, section_plans, _sqlx_migrations FROM boxoffice_workers;
REVOKE INSERT ON sections, tickets FROM boxoffice_workers;
REVOKE UPDATE ON reservation_history, payment_history FROM boxoffice_workers;

-- Operators read everything. They change only the orders that pause a pool; nobody else may change
-- these.
GRANT SELECT ON ALL TABLES IN SCHEMA public, gateway TO boxoffice_operator;
GRANT INSERT, UPDATE ON pool_orders TO boxoffice_operator;
REVOKE INSERT, UPDATE ON pool_orders FROM boxoffice_workers;

-- `workers doctor` warns of transactions that were left open. To see the transactions of other
-- users it needs a right that the owner may not be able to grant.
DO $$
BEGIN
    GRANT pg_read_all_stats TO boxoffice_operator;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'not granted; as a superuser: GRANT pg_read_all_stats TO boxoffice_operator';
    WHEN unique_violation THEN NULL;
END
$$;
