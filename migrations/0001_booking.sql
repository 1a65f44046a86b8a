-- Events, their tickets, and what buyers do with them. Everything is keyed by event first, so that an
-- event's rows lie together and a fleet can be cut by event.
--
-- Locks are always taken in this order: reservations that exist (by id), customers (advisory, by event and
-- name), sections (by number), tickets (by number); new reservations are inserted last, by id.

CREATE TYPE ticket_state AS ENUM ('available', 'held', 'sold', 'blocked');
CREATE TYPE section_kind AS ENUM ('seated', 'general');
CREATE TYPE reservation_status AS ENUM
    ('held', 'paying', 'confirmed', 'rejected', 'cancelled', 'expired', 'refunded');
CREATE TYPE payment_status AS ENUM ('processing', 'succeeded', 'declined', 'failed', 'refunded');

CREATE TABLE events (
    id integer PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    venue text NOT NULL CHECK (venue <> ''),
    starts_at timestamptz NOT NULL,
    on_sale_at timestamptz NOT NULL,
    open boolean NOT NULL DEFAULT true,
    closed boolean NOT NULL DEFAULT false,
    hold_seconds integer NOT NULL DEFAULT 120 CHECK (hold_seconds BETWEEN 1 AND 86400),
    paying_seconds integer NOT NULL DEFAULT 30 CHECK (paying_seconds BETWEEN 1 AND 3600),
    tickets_per_reservation integer NOT NULL DEFAULT 8 CHECK (tickets_per_reservation BETWEEN 1 AND 100),
    tickets_per_customer integer CHECK (tickets_per_customer >= 1),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    layout_version integer NOT NULL DEFAULT 1
);
COMMENT ON COLUMN events.open IS 'False while the organiser has paused the sale';
COMMENT ON COLUMN events.closed IS 'The sale is over for good';
COMMENT ON COLUMN events.starts_at IS 'The event begins, and the sale ends';
COMMENT ON COLUMN events.hold_seconds IS 'How long a hold lasts';
COMMENT ON COLUMN events.paying_seconds IS 'For how long, at most and once, paying keeps a hold beyond its time';
COMMENT ON COLUMN events.tickets_per_customer IS 'Held and sold tickets of one customer, at most; null for no limit';
COMMENT ON COLUMN events.layout_version IS 'Names the geometry of the house: clients may cache a layout for ever under it';

CREATE TABLE tiers (
    event_id integer NOT NULL REFERENCES events,
    number integer NOT NULL CHECK (number >= 1),
    name text NOT NULL CHECK (name <> ''),
    price bigint NOT NULL CHECK (price >= 0),
    PRIMARY KEY (event_id, number)
);
COMMENT ON COLUMN tiers.price IS 'Minor units of the event''s currency; a hold keeps the price that it was made at';

CREATE TABLE sections (
    event_id integer NOT NULL REFERENCES events,
    number integer NOT NULL CHECK (number >= 1),
    first_ticket integer NOT NULL CHECK (first_ticket >= 1),
    capacity integer NOT NULL CHECK (capacity >= 1),
    available integer NOT NULL CHECK (available BETWEEN 0 AND capacity),
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    kind section_kind NOT NULL,
    tiers integer[] NOT NULL CHECK (cardinality(tiers) >= 1),
    name text NOT NULL CHECK (name <> ''),
    PRIMARY KEY (event_id, number)
) WITH (fillfactor = 30);
COMMENT ON TABLE sections IS 'A row is locked by every transaction that changes tickets of the section';
COMMENT ON COLUMN sections.first_ticket IS 'The section has the tickets from here to first_ticket + capacity - 1';
COMMENT ON COLUMN sections.tiers IS 'The tiers of its tickets';
COMMENT ON COLUMN sections.available IS 'How many of its tickets are available';
COMMENT ON COLUMN sections.version IS 'Rises by one with every committed change of its tickets';

CREATE TABLE seats (
    event_id integer NOT NULL REFERENCES events,
    number integer NOT NULL CHECK (number >= 1),
    row_label text NOT NULL CHECK (row_label <> ''),
    seat_label text NOT NULL CHECK (seat_label <> ''),
    x real NOT NULL,
    y real NOT NULL,
    accessible boolean NOT NULL DEFAULT false,
    PRIMARY KEY (event_id, number)
);
COMMENT ON TABLE seats IS 'Where the tickets of seated sections are. Apart from tickets, because it never changes and they do';
COMMENT ON COLUMN seats.x IS 'Metres to the right of the stage''s middle, as seen by the audience';
COMMENT ON COLUMN seats.y IS 'Metres from the stage';

-- A hold, a sale and a release rewrite a row in place: no index covers a column that changes, and pages
-- have room, so the updates are heap-only.
CREATE TABLE tickets (
    event_id integer NOT NULL REFERENCES events,
    number integer NOT NULL CHECK (number >= 1),
    tier integer NOT NULL,
    state ticket_state NOT NULL DEFAULT 'available',
    expires_at timestamptz,
    reservation_id uuid,
    PRIMARY KEY (event_id, number),
    FOREIGN KEY (event_id, tier) REFERENCES tiers (event_id, number),
    CONSTRAINT ticket_has_a_holder_when_taken
        CHECK ((state IN ('held', 'sold')) = (reservation_id IS NOT NULL)),
    CONSTRAINT ticket_has_a_deadline_when_held CHECK ((state = 'held') = (expires_at IS NOT NULL))
) WITH (fillfactor = 70);
COMMENT ON TABLE tickets IS 'One row a ticket: a ticket names one reservation or none, so two live holders are impossible';
COMMENT ON COLUMN tickets.reservation_id IS 'Who holds it or owns it';
COMMENT ON COLUMN tickets.expires_at IS 'Until when it is held; from then on it counts as free';

-- Without a foreign key to events: its trigger would run once for every row of a batch and cost seven times the
-- insert itself. A worker decides only requests of events that it has read, events are never deleted, and
-- the audit looks for rows without one.
CREATE TABLE reservations (
    event_id integer NOT NULL,
    id uuid NOT NULL,
    revision integer NOT NULL CHECK (revision >= 1),
    status reservation_status NOT NULL,
    fingerprint bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz,
    frozen boolean NOT NULL DEFAULT false,
    currency text NOT NULL,
    customer text,
    reason text,
    tickets integer[] NOT NULL DEFAULT '{}',
    prices bigint[] NOT NULL DEFAULT '{}',
    conflicts integer[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (event_id, id),
    CONSTRAINT reservation_has_a_customer CHECK (customer IS NOT NULL OR status = 'cancelled'),
    CONSTRAINT reservation_has_tickets_when_live
        CHECK (cardinality(tickets) > 0 OR status IN ('rejected', 'cancelled')),
    CONSTRAINT reservation_prices_each_ticket CHECK (cardinality(tickets) = cardinality(prices)),
    CONSTRAINT reservation_has_a_deadline_when_held
        CHECK (expires_at IS NOT NULL OR status NOT IN ('held', 'paying')),
    CONSTRAINT reservation_has_a_reason_when_refused CHECK (reason IS NOT NULL OR status <> 'rejected')
) WITH (fillfactor = 80);
CREATE INDEX reservations_of_a_customer ON reservations (event_id, customer)
    WHERE cardinality(tickets) > 0;
COMMENT ON TABLE reservations IS 'One row a request that was decided, refused ones too: clients may ask for the answer';
COMMENT ON COLUMN reservations.id IS 'Minted by the front door; see common/src/ids.rs';
COMMENT ON COLUMN reservations.revision IS 'Rises by one with every change of state';
COMMENT ON COLUMN reservations.fingerprint IS 'Hash of the request''s body: the same id with another one is a key used twice';
COMMENT ON COLUMN reservations.created_at IS 'When the front door accepted it';
COMMENT ON COLUMN reservations.updated_at IS 'When its state last changed, by the database''s clock';
COMMENT ON COLUMN reservations.expires_at IS 'When the hold runs out or ran out, by the database''s clock';
COMMENT ON COLUMN reservations.frozen IS 'Its one freeze for paying is used up';
COMMENT ON COLUMN reservations.customer IS 'Null where a cancel arrived before the request: a tombstone';
COMMENT ON COLUMN reservations.tickets IS 'The tickets that it holds or held, ascending';
COMMENT ON COLUMN reservations.prices IS 'The price of each ticket when the hold was made, in minor units';
COMMENT ON COLUMN reservations.conflicts IS 'The wished tickets that were not free, where it was refused for them';

CREATE TABLE payments (
    event_id integer NOT NULL REFERENCES events,
    id uuid NOT NULL,
    reservation_id uuid NOT NULL,
    status payment_status NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    card text NOT NULL,
    card_last4 text NOT NULL CHECK (card_last4 ~ '^[0-9]{4}$'),
    reason text,
    refund_due boolean NOT NULL DEFAULT false,
    fingerprint bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, id),
    CONSTRAINT payment_refund_is_due_while_processing CHECK (NOT refund_due OR status = 'processing'),
    CONSTRAINT payment_has_a_reason_when_it_failed
        CHECK (reason IS NOT NULL OR status IN ('processing', 'succeeded'))
) WITH (fillfactor = 80);
CREATE INDEX payments_of_a_reservation ON payments (event_id, reservation_id);
CREATE UNIQUE INDEX payments_one_at_a_time ON payments (event_id, reservation_id)
    WHERE status = 'processing';
COMMENT ON TABLE payments IS 'One row an attempt to pay';
COMMENT ON COLUMN payments.id IS 'Minted by the front door; the gateway''s idempotency key';
COMMENT ON COLUMN payments.card IS 'How the test card behaves; the number itself is never stored';
COMMENT ON COLUMN payments.refund_due IS 'Charged after the hold was lost: to be given back';

-- The dummy gateway's own books, as a real one would keep them on its side.
CREATE SCHEMA gateway;
CREATE TABLE gateway.charges (
    attempt uuid PRIMARY KEY,
    reservation uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    captured boolean NOT NULL,
    refused text,
    calls integer NOT NULL DEFAULT 1,
    charged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    refunded_at timestamptz,
    CHECK (captured = (refused IS NULL)),
    CHECK (captured OR refunded_at IS NULL)
);
CREATE INDEX charges_of_a_reservation ON gateway.charges (reservation);
COMMENT ON TABLE gateway.charges IS 'One row an idempotency key: a repeated call has the first call''s answer';
COMMENT ON COLUMN gateway.charges.calls IS 'How often the charge was asked for';
COMMENT ON COLUMN gateway.charges.refused IS 'Why nothing was captured';
