-- What happened to each reservation and payment: a row is added by the statement that makes the change, and
-- never changed. The present can be rebuilt from it; see common/src/store/history.rs.
--
-- Rows come in the order of time, and that is how they are looked for: a summary of each megabyte costs a
-- write next to nothing, where a tree would have to be kept for every change of every reservation.

CREATE TABLE reservation_history (
    at timestamptz NOT NULL,
    reservation_id uuid NOT NULL,
    event_id integer NOT NULL,
    revision integer NOT NULL,
    was reservation_status,
    became reservation_status NOT NULL,
    expires_at timestamptz,
    cause text NOT NULL,
    reason text,
    tickets integer[] NOT NULL
);
CREATE INDEX reservation_history_by_time ON reservation_history USING brin (at) WITH (autosummarize = on);
COMMENT ON TABLE reservation_history IS 'One row a committed change of a reservation, and so of all its tickets';
COMMENT ON COLUMN reservation_history.at IS 'When it was decided, by the database''s clock';
COMMENT ON COLUMN reservation_history.revision IS 'That of the reservation from then on';
COMMENT ON COLUMN reservation_history.was IS 'The state that it left; null where it was new';
COMMENT ON COLUMN reservation_history.became IS 'The state that it came into';
COMMENT ON COLUMN reservation_history.expires_at IS 'When the hold runs out or ran out, from then on';
COMMENT ON COLUMN reservation_history.cause IS
    'The queue whose message caused it, or "requests" for all of that name. One transaction has one cause and one time';
COMMENT ON COLUMN reservation_history.tickets IS 'The tickets that it held, holds or owns; empty where it was refused';

CREATE TABLE payment_history (
    at timestamptz NOT NULL,
    payment_id uuid NOT NULL,
    reservation_id uuid NOT NULL,
    event_id integer NOT NULL,
    was payment_status,
    became payment_status NOT NULL,
    refund_due boolean NOT NULL,
    cause text NOT NULL,
    reason text
);
CREATE INDEX payment_history_by_time ON payment_history USING brin (at) WITH (autosummarize = on);
COMMENT ON TABLE payment_history IS 'One row a committed change of a payment';
COMMENT ON COLUMN payment_history.was IS 'The state that it left; null where it was new';
COMMENT ON COLUMN payment_history.refund_due IS 'Charged after the hold was lost: from then on to be given back';

CREATE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are added and never changed', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
-- Once a statement, and not at all when rows are added.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reservation_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history();
