-- Which worker pools operators have paused. Workers read it when they connect to the broker, and hear of
-- changes through it.

CREATE TABLE pool_orders (
    pool text PRIMARY KEY CHECK (pool IN ('reservations', 'payments', 'expiry')),
    paused boolean NOT NULL,
    revision bigint NOT NULL CHECK (revision >= 1),
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE pool_orders IS 'One row a pool that was ever paused';
COMMENT ON COLUMN pool_orders.revision IS 'Rises with every order, so that one that comes late changes nothing';
COMMENT ON COLUMN pool_orders.reason IS 'In the operator''s words';
COMMENT ON COLUMN pool_orders.changed_by IS 'Who ran the command';
