"""Every bound of the engine. The name of a bound has its unit; the text below a bound has the reason. A bound
that only one module uses (how long a cache holds, what the doctor calls slow) stands at the top of that
module.

The database enforces some of these bounds, too, with numbers of its own in ``sql/``. A test fails if the two
numbers differ.
"""

from typing import Final

# What may be asked -----------------------------------------------------------------------------

SHOW_ID_BITS: Final = 29
"""Show ids below 2^29, so that a booking's id (show and number together) stays below 2^53."""

BOOKING_NUMBER_BITS: Final = 24
"""Bits of a booking's number, the low part of its id: a show may ever have 16 million bookings."""

ID_MAX: Final = 2 ** (SHOW_ID_BITS + BOOKING_NUMBER_BITS) - 1
"""Largest id of anything: 2^53 - 1, the largest integer that JavaScript keeps exactly."""

SHOW_ID_MAX: Final = 2**SHOW_ID_BITS - 1
"""Largest id of a show."""

SEATS_PER_SHOW_MAX: Final = 1_000_000
"""Seats in a show: five times the largest hall. Each batch reads the whole seat map, so size costs time."""

SEATS_PER_BOOKING_MAX: Final = 1_000
"""Seats in a booking: enough for a coach party or a school. The bound limits the work of one command."""

CHUNK_PLACES: Final = 4_096
"""Places in one chunk of a show's map. A chunk takes 512 bytes; each change of a place rewrites its chunk."""

SEATS_LISTED_MAX: Final = 20_000
"""Seats that one list of free seats looks at: an arena. Such a list holds up the event loop for 3 ms; a list
of a million seats would do so for a fifth of a second, and take 7 MB for each client that reads slowly."""

NAME_CHARS_MAX: Final = 255
"""Characters in the name of a show or of a user, which many databases and forms take as the longest."""

EMAIL_CHARS_MAX: Final = 254
"""Characters in an e-mail address: mail cannot be sent to a longer one (RFC 5321)."""

REASON_CHARS_MAX: Final = 500
"""Characters in a reason: a sentence for the audit, not a document."""

YEAR_MIN: Final = 1900
"""First year (UTC) of a moment that is taken. Unset times of Go and .NET lie in year 1, whose first moment
the database's driver reads as 'no beginning': such a show would have no place in a list."""

YEAR_MAX: Final = 2999
"""Last year (UTC) of a moment that is taken: far from the year 9999, where time zones leave the calendar and
the driver reads 'no end'."""

REFERENCE_CHARS_MAX: Final = 100
"""Characters in the reference of a show or a booking: an order number or an id of another system."""

METADATA_ENTRIES_MAX: Final = 10
"""Entries in the metadata of a show or a booking: some facts for an integrator, not a document. Each
batch and each list carries them."""

METADATA_KEY_CHARS_MAX: Final = 40
"""Characters in a key of metadata: a name in a program."""

METADATA_VALUE_CHARS_MAX: Final = 200
"""Characters in a value of metadata. With all entries full a booking grows by some two kilobytes."""

IDEMPOTENCY_KEY_CHARS_MAX: Final = 255
"""Characters in an Idempotency-Key: several times the length of a UUID or of a payment's reference."""

PAGE_ITEMS_MAX: Final = 1_000
"""Items on a page. A list without ``limit`` gives as many, for clients that expect the whole list."""

RUN_LENGTHS_MAX: Final = 20
"""Lengths of runs, the longest first, by which scattered seats are picked. Each costs a search of the whole
map, so what is still wanted after them are the lowest free seats. Halls that were filled by chance needed 12
for 1,000 seats."""

SEATS_TOLD_MAX: Final = 1_000
"""Seats that a refusal names, if a show is to shrink: a list of a million would keep the show locked for a
second, and help nobody."""

SALES_COUNTED_MAX: Final = 1_000
"""Sales of a person in one show that a refused erasure counts: with more, the exact number helps nobody."""

OWNED_PLACES_COUNTED_MAX: Final = 20_000
"""Owned places of which a refused deletion of a show counts the bookings, in some 10 ms, under the show's
lock."""
# Requests and connections ------------------------------------------------------------------------

HEAD_BYTES_MAX: Final = 65_536
"""Bytes in the head of a request: its first line and its headers. Four times what proxies usually pass on.
Without the bound each connection could fill the memory."""

HEADER_LINES_MAX: Final = 100
"""Headers in a request. A browser behind two proxies sends thirty. Tiny headers cost twenty times their bytes
in memory, so their number has a bound of its own."""

TARGET_BYTES_MAX: Final = 2_048
"""Bytes in a request's target (path and query). The longest of ours has some 600. The framework remembers the
last thousand paths and queries, so the bound keeps that memory at a few megabytes."""

QUERY_PARAMETERS_MAX: Final = 20
"""Parameters in a query, twice as many as any operation has. The framework remembers each parameter of the
last thousand queries, and an empty parameter costs a hundred times its byte."""

BODY_WIRE_FACTOR: Final = 8
"""How many times ``BODY_BYTES_MAX`` a body may take on the wire. A body in chunks of one byte takes six. What
goes beyond that are extensions of chunks, trailers, or bytes that were refused and still come."""

PIPELINED_MAX: Final = 64
"""Requests that a connection sends before it has heard the answer to the first. Without the bound one packet
could bring ten thousand."""

CONNECTION_IDLE_MAX_S: Final = 75.0
"""Seconds for which a connection without a request stays open: longer than load balancers keep theirs, 60 s
by default. If we closed first, a request that a load balancer sends at that moment would be lost."""

HEAD_WAIT_MAX_S: Final = 10.0
"""Seconds from the first byte of a request to the end of its head. A head fits into a few packets, so even a
bad line needs less."""

BODY_WAIT_MAX_S: Final = 20.0
"""Seconds from the end of a request's head to the end of its body, however steadily bytes come: 64 KB over a
line of 30 kbit/s."""

ANSWER_WAIT_MAX_S: Final = 60.0
"""Seconds in which a client must read an answer that does not fit into the buffers. The seats of the largest
hall need less over a line of 1 Mbit/s."""

HANG_UP_WAIT_MAX_S: Final = 2.0
"""Seconds in which a client must read the last answer and hang up. A connection that is closed while bytes
still come is reset, and the client might never see the answer."""

DISCARDED_BYTES_MAX: Final = 16_777_216
"""Bytes that still come after the last answer and are dropped: a client that sends too much shall see why it
was refused, but not occupy the server for it."""

STALLED_AT_END_MAX_S: Final = 2.0
"""Seconds that a shutdown waits for the rest of a body, or for a client to read its answer: what is under way
arrives within a second, and nobody else should wait for a client that stalls."""

LOOK_AT_CONNECTIONS_EVERY_S: Final = 0.5
"""Seconds between two looks for connections whose time is over: a few milliseconds for 20,000 of them."""

# Lanes -----------------------------------------------------------------------------------------

LANE_QUEUE_MAX: Final = 20_000
"""Commands waiting in one lane: two seconds' work of a hot show. Further callers are told to try later."""

WAITING_COMMANDS_MAX: Final = 60_000
"""Commands waiting in all lanes of a process: some 100 MB, so that the process does not run out of memory."""

LANE_BATCH_MAX: Final = 128
"""Commands in one transaction, which then takes some 6 ms. A larger batch is hardly cheaper for each command,
and lets quiet shows wait longer."""

BATCH_LANES_MAX: Final = 8
"""Shows that share a transaction, and so one wait for the disk. Each of them stays locked until the
transaction ends. With 32, batches of different shows met so often that 100 shows sold half as much."""

LANE_ALONE_FROM: Final = 32
"""A lane with more commands than this has a batch to itself, so that quiet shows do not wait for its work."""

ANSWERS_AT_ONCE: Final = 16
"""Callers that are woken in one turn of the event loop. After each turn the loop accepts new requests, so a
request for a quiet show does not wait until a whole crowd is answered."""

LANE_WAIT_MAX_S: Final = 10.0
"""Seconds a command may wait for its batch. Then the engine drops the command, which had no effect."""

WORKERS_MAX: Final = 4
"""Batches that a process runs at the same time, each on its own connection. More of them would only wait for
each other where the database writes its log."""

DRAIN_MAX_S: Final = 20.0
"""Seconds a shutdown waits for the commands in the lanes. Most platforms kill a process after 30 s."""

CHANGES_KEPT_MAX: Final = 100_000
"""Shows for which a process remembers when it last changed them: ten megabytes. For a forgotten show the
replica may answer with data from before that change."""

WORKER_PROCESSES_MAX: Final = 64
"""Processes of one server: one for each core of a large machine. Each has its own database connections."""

# The database ----------------------------------------------------------------------------------

WRITE_RETRY_BUDGET_S: Final = 15.0
"""Seconds after which a write is not tried again. A restart of PostgreSQL takes less."""

CONFLICT_PAUSE_MAX_S: Final = 0.000_2
"""Longest pause after a conflict. The rival transaction has just committed, so the next try should be prompt:
otherwise a third transaction comes first, and this one fails again."""

RETRY_PAUSE_FIRST_S: Final = 0.002
"""Longest pause after the first lost connection; the bound doubles with each further one. The pause itself is
a random part of the bound, so that all processes do not reconnect in the same moment."""

RETRY_PAUSE_MAX_S: Final = 1.0
"""Longest pause between two tries, so that a process notices within a second that the database is back."""

LOCK_TIMEOUT_MS: Final = 2_000
"""Longest wait for a show's lock: below the statement timeout, so that the error names the lock."""

STATEMENT_TIMEOUT_MS: Final = 5_000
"""Longest writing statement. A batch takes milliseconds; one that ends 5,000 holds takes half a second."""

READ_STATEMENT_TIMEOUT_MS: Final = 4_000
"""Longest reading statement. To read all seats of the largest hall takes one second."""

IDLE_IN_TRANSACTION_TIMEOUT_MS: Final = 5_000
"""Longest pause inside a transaction. Without the bound a process that stalls would keep a show locked."""

TRANSACTION_TIMEOUT_MS: Final = 5_500
"""Longest transaction; PostgreSQL can bound it since release 17. The statement timeout does not end a
transaction whose COMMIT was lost on the network: without this bound it would keep a show locked for hours."""

ANSWER_TIMEOUT_S: Final = 6.0
"""Longest wait for the answer to a write. The bound is above the statement timeout: an answer that is later
will not come, so the process closes the connection."""

READ_ANSWER_TIMEOUT_S: Final = 5.0
"""Longest wait for the answer to a read; above the timeout of reading statements for the same reason."""

CONNECT_TIMEOUT_S: Final = 5.0
"""Longest wait until a new connection is open. An unreachable host may not answer at all."""

READ_WAIT_MAX_S: Final = 5.0
"""Longest wait of a read for a free connection. Then the caller gets 503, so that waiting reads do not pile
up."""

STANDBY_SILENT_S: Final = 3.0
"""A commit that waits longer than this for its synchronous standby will not get an answer from it. The bound
is below the wait for an answer, so that the process can say what is wrong."""

REPLICA_LOOK_EVERY_S: Final = 0.25
"""Seconds between two measurements of the replica's age, which cost two short queries each. The measured age
is exact to this interval."""

REPLICA_ANSWER_TIMEOUT_S: Final = 2.0
"""Longest wait for the replica. Then the primary answers, soon enough that the caller does not notice."""

REPLICA_MARKS_MAX: Final = 1_000
"""Positions of the primary's log that we keep to measure the replica's age: 1,000, at four a second, are four
minutes. A replica that is further behind is not measured, and not used."""

# Other services --------------------------------------------------------------------------------

IDENTITY_KEYS_WAIT_MAX_S: Final = 5.0
"""Longest wait for the keys of the identity provider, with the page that names their address. The bound is on
the whole: a provider that sends a byte now and then would pass a bound on each piece."""

RATE_COUNTER_WAIT_MAX_S: Final = 0.25
"""Longest wait for Redis to count one request: a limit must not cost more than what the limit protects."""

TRACES_END_WAIT_MAX_S: Final = 5.0
"""Longest wait, when a server ends, for the collector to take the spans that are left. Traces are not worth a
server that is killed because it does not end."""

# Migrations ------------------------------------------------------------------------------------

MIGRATION_LOCK_TIMEOUT_MS: Final = 500
"""Longest wait of a migration for a table's lock. Sales that come later queue behind the migration, and fail
after ``LOCK_TIMEOUT_MS``."""

MIGRATION_PAUSE_S: Final = 0.5
"""Seconds between two tries of a migration, so that the sales that queued behind it can go on."""

MIGRATION_TRIES_MAX: Final = 60
"""How often a migration tries to get its locks: for about a minute. A lock that is held longer is not a
sale's, so an operator must look."""

MIGRATION_STATEMENT_MAX_S: Final = 3_600.0
"""Longest statement of a migration, which may fill a column of all bookings ever. A database that is silent
for longer does not answer any more, and a release must not wait for it for ever."""

MIGRATION_TURN_MAX_S: Final = 120.0
"""Seconds to wait until another instance has migrated, which may have to fill a new column. Sales do not
queue behind this wait."""

# Holds -----------------------------------------------------------------------------------------

HOLD_SECONDS_MIN: Final = 0.001
"""Shortest hold: one millisecond, the finest resolution of a hold's length. The setting of this name bounds
the holds of customers and services."""

MADE_SECONDS: Final = 86_400.0
"""Seconds in which the bookings that a user makes in a show are counted: a day. So a person who has tried too
often can go on tomorrow."""

HOLDS_ENDED_MAX: Final = 5_000
"""Holds of one show that one batch ends at most: it has the show's lock for half a second. With 20,000 a busy
server needed longer than ``STATEMENT_TIMEOUT_MS``, and ended none."""

SWEEP_SHOWS_MAX: Final = 500
"""Shows that one round of the sweeper reads at most. The sweeper reads the rest when these are done."""

BATCH_RECORDS_KEPT_S: Final = 3_600.0
"""Seconds a batch's row in ``show_batches`` is kept. After a lost answer the row tells whether the batch was
committed, so the bound must be far above the time of all retries."""

FORGET_EVERY_S: Final = 60.0
"""Seconds between two deletions of old batch rows and old idempotency keys. Each deletion is a short
statement."""

# Old rows --------------------------------------------------------------------------------------

FORGET_KEYS_MAX: Final = 5_000
"""Idempotency keys that one statement deletes, about, in some 50 ms. While more are due, the sweeper deletes
as many again after its next round."""

ARCHIVE_ROWS_MAX: Final = 2_000
"""Rows that one transaction moves to the archive, in some 50 ms. A small hall is moved at once, a stadium in
parts."""

ARCHIVE_TIME_SHARE: Final = 0.25
"""Share of the time in which ``boxoffice archive`` works. For the rest of the time it pauses, so that sales
are not slowed down."""

ARCHIVE_PAGE_SHOWS: Final = 1_000
"""Old shows that ``boxoffice archive`` reads at once, in a few milliseconds. Most are archived already."""

ERASE_ROWS_MAX: Final = 2_000
"""Rows of each kind that one transaction of an erasure changes, in some 50 ms. Most persons have fewer; an
account with a long history is cleared in parts."""

FORGET_CALLERS_MAX: Final = 1_000
"""Users whose rows in ``caller_locks`` one statement checks, in some 10 ms. New holds of these users wait for
that long."""
