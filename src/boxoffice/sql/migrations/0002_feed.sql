-- The feed: who is told what happens, and up to which event of each show. Nothing here decides about a sale.
-- What is true is a cursor for each consumer and show, beside the gap-free numbers of the show's events. The
-- marks only say which shows to look at (docs/decisions/0047).


-- Which shows have new events, one row each time a show's sequence moves. A reader asks for the marks of
-- transactions that were not over at its last look. A mark may be read twice, or be lost with a crash: the
-- cursors decide, and each reader compares all of them with the shows now and then. So marks need no log of
-- their own, and are kept for minutes.
CREATE UNLOGGED TABLE feed_marks (
    show_id     bigint NOT NULL,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    last_seq    bigint NOT NULL
);
CREATE INDEX feed_marks_by_xid ON feed_marks (xid);

-- From which transaction on the marks are complete. Without its row they are not: after a crash both tables
-- are empty.
CREATE UNLOGGED TABLE feed_horizon (
    is_only     boolean PRIMARY KEY DEFAULT true CONSTRAINT one_horizon CHECK (is_only),
    since       xid8 NOT NULL
);

-- Who is told: a broker, an endpoint of a webhook, a service that pulls. kind says which part of the program
-- serves the consumer, config what that part must know. state 'paused': nothing is sent; the cursors stay, so
-- nothing is lost. personal: the consumer may see who booked and who acted.
CREATE TABLE feed_consumers (
    consumer    text PRIMARY KEY
                CONSTRAINT consumer_is_a_name CHECK (consumer ~ '^[a-z0-9][a-z0-9:_-]{0,99}$'),
    kind        text NOT NULL CONSTRAINT consumer_kind CHECK (kind IN ('pull', 'relay', 'webhook')),
    state       text NOT NULL DEFAULT 'active'
                CONSTRAINT consumer_state CHECK (state IN ('active', 'paused', 'disabled')),
    show_ids    bigint[] CONSTRAINT consumer_shows CHECK (show_ids <> '{}'),    -- NULL: all
    personal    boolean NOT NULL DEFAULT false,
    config      jsonb NOT NULL DEFAULT '{}' CONSTRAINT consumer_config CHECK (jsonb_typeof(config) = 'object'),
    born_at     timestamptz NOT NULL
);

-- The last event of a show that a consumer has acknowledged. No row: none, so a show that is created after
-- the consumer is told from its first event on. link is that of the event: a history that was rewound (by a
-- restore, or by a failover that lost commits) has another event under the same number.
CREATE TABLE feed_cursors (
    show_id     bigint NOT NULL,
    consumer    text NOT NULL,
    seq         bigint NOT NULL CONSTRAINT cursor_seq CHECK (seq >= 1),
    link        bytea NOT NULL,
    PRIMARY KEY (consumer, show_id)
) WITH (fillfactor = 50);

-- Cursors that do not fit the history any more: the consumer has events that are not there. Nothing more of
-- the show is sent to the consumer until an operator decides (`boxoffice feed rewind`).
CREATE TABLE feed_forks (
    show_id     bigint NOT NULL,
    consumer    text NOT NULL,
    seq         bigint NOT NULL,        -- the event that the consumer has
    link        bytea NOT NULL,
    noticed_at  timestamptz NOT NULL,
    told        boolean NOT NULL DEFAULT false,  -- the consumer knows (boxoffice.feed.rewound)
    PRIMARY KEY (consumer, show_id)
);

-- Who publishes: a process that holds the lease of a slice of a duty sends the events of the shows in the
-- slice (show_id % 16), until the lease is over by the database's clock. epoch grows with each new holder; a
-- cursor moves only under the epoch that its mover knows, so a process that was stopped and goes on after its
-- lease was over moves none.
CREATE TABLE feed_leases (
    duty        text NOT NULL,
    slice       integer NOT NULL CONSTRAINT lease_slice CHECK (slice BETWEEN 0 AND 15),
    epoch       bigint NOT NULL DEFAULT 0,
    holder      text,
    until       timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (duty, slice)
);

-- The processes that would take leases of a duty, so that they share the slices evenly.
CREATE TABLE feed_holders (
    duty        text NOT NULL,
    holder      text NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (duty, holder)
);
