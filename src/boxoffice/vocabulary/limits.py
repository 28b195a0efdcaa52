"""Every bound of the engine, with its unit in the name and the reason beside it. A bound that one module
alone keeps (how long a cache holds, what the doctor calls slow) stands at the top of that module.

Bounds that the database enforces too are named in ``sql/``; a test holds the two together.
"""

from typing import Final

# What may be asked -----------------------------------------------------------------------------

SHOW_ID_BITS: Final = 29
"""Show ids below 2^29, so that a booking's id (show and number together) stays below 2^53."""

BOOKING_NUMBER_BITS: Final = 24
"""Bookings a show may ever have: 16 million. The number is the low part of a booking's id."""

ID_MAX: Final = 2 ** (SHOW_ID_BITS + BOOKING_NUMBER_BITS) - 1
"""Largest id of anything: 2^53 - 1, the largest integer that JavaScript keeps exactly."""

SHOW_ID_MAX: Final = 2**SHOW_ID_BITS - 1
"""Largest id of a show."""

SEATS_PER_SHOW_MAX: Final = 1_000_000
"""Seats a show: five times the largest hall; a batch reads the show's whole seat map."""

SEATS_PER_BOOKING_MAX: Final = 1_000
"""Seats a booking: a coach party or a school, not a resale of the hall; bounds one command's work."""

CHUNK_PLACES: Final = 4_096
"""Places in one chunk of a show's map: 512 bytes, rewritten whenever a place in it changes."""

NAME_CHARS_MAX: Final = 255
"""Characters in a name of a show or a user, as the specification has it."""

EMAIL_CHARS_MAX: Final = 254
"""Characters in an e-mail address: the longest that mail can be sent to (RFC 5321)."""

REASON_CHARS_MAX: Final = 500
"""Characters in a reason: a sentence for the audit, not a document."""

IDEMPOTENCY_KEY_CHARS_MAX: Final = 255
"""Characters in an Idempotency-Key: a UUID or a payment's reference fits many times."""

PAGE_ITEMS_MAX: Final = 1_000
"""Items on a page; also what a list without ``limit`` gives, for clients that expect everything."""

# Lanes -----------------------------------------------------------------------------------------

LANE_QUEUE_MAX: Final = 20_000
"""Commands waiting in one lane: two seconds of a hot show. More are told to come back."""

WAITING_COMMANDS_MAX: Final = 60_000
"""Commands waiting in all lanes of a process, so that its memory is bounded: some 100 MB."""

LANE_BATCH_MAX: Final = 128
"""Commands in one transaction, some 6 ms: more are hardly cheaper each, and quiet shows wait longer."""

BATCH_LANES_MAX: Final = 32
"""Shows that share a transaction, and with it the wait for the disk; each stays locked until its end."""

LANE_ALONE_FROM: Final = 32
"""Commands from which on a lane has a batch to itself: a quiet show must not wait for a crowd's."""

ANSWERS_AT_ONCE: Final = 16
"""Callers that are woken in one turn of the loop: after each turn it looks for new requests, so that those
of a quiet show do not wait until a crowd is answered."""

LANE_WAIT_MAX_S: Final = 10.0
"""Seconds a command may wait for its batch before it is given up without effect."""

WORKERS_MAX: Final = 4
"""Batches under way in a process: each keeps a connection busy; more only queue at the database's log."""

DRAIN_MAX_S: Final = 20.0
"""Seconds a shutdown waits for the commands in the lanes, below the 30 s that most platforms give."""

CHANGES_KEPT_MAX: Final = 100_000
"""Shows whose last change a process remembers: ten megabytes. Forgetting costs a read some freshness."""

WORKER_PROCESSES_MAX: Final = 64
"""Processes of one server: one a core of a large machine; each has its own connections."""

# The database ----------------------------------------------------------------------------------

WRITE_RETRY_BUDGET_S: Final = 15.0
"""Seconds after which a write is not tried again; a restart of PostgreSQL fits."""

CONFLICT_PAUSE_MAX_S: Final = 0.000_2
"""Longest pause after a conflict: a rival was done just now, and who comes first has the next turn."""

RETRY_PAUSE_FIRST_S: Final = 0.002
"""Longest pause after the first lost connection; doubles with each, and a part of it by chance is taken."""

RETRY_PAUSE_MAX_S: Final = 1.0
"""Longest pause between tries: a database that comes back is noticed within a second."""

LOCK_TIMEOUT_MS: Final = 2_000
"""Longest wait for a show's lock; below the statement timeout, so that the reason is known."""

STATEMENT_TIMEOUT_MS: Final = 5_000
"""Longest writing statement: a batch takes milliseconds, one that ends 20,000 holds less than two seconds."""

READ_STATEMENT_TIMEOUT_MS: Final = 4_000
"""Longest reading statement: the seats of the largest hall take one second."""

IDLE_IN_TRANSACTION_TIMEOUT_MS: Final = 5_000
"""Longest pause inside a transaction: a stalled client must not keep a show's lock."""

TRANSACTION_TIMEOUT_MS: Final = 5_500
"""Longest transaction, where PostgreSQL can bound it (17): above the statement timeout, which does not see
one whose end was sent on a way that fell silent; it would keep a show's lock for hours."""

ANSWER_TIMEOUT_S: Final = 6.0
"""Longest wait for the answer to a write: past the statement timeout the connection is given up."""

READ_ANSWER_TIMEOUT_S: Final = 5.0
"""Longest wait for the answer to a read, likewise."""

CONNECT_TIMEOUT_S: Final = 5.0
"""Longest wait for a new connection."""

READ_WAIT_MAX_S: Final = 5.0
"""Longest wait of a read for a free connection; then 503, so that a crowd cannot pile up."""

STANDBY_SILENT_S: Final = 3.0
"""Seconds after which a commit that waits for its standby waits in vain: below the wait for an answer."""

REPLICA_LOOK_EVERY_S: Final = 0.25
"""Seconds between two looks at the replica: two short queries each; the age that is told is so exact."""

REPLICA_ANSWER_TIMEOUT_S: Final = 2.0
"""Longest wait for the replica: the primary answers instead, and the caller should not notice."""

REPLICA_MARKS_MAX: Final = 1_000
"""Looks that are remembered until the replica has got so far: four minutes; behind that it is just behind."""

# Migrations ------------------------------------------------------------------------------------

MIGRATION_LOCK_TIMEOUT_MS: Final = 500
"""Longest wait of a migration for a table: whoever comes later waits behind it, and gives up after
``LOCK_TIMEOUT_MS``."""

MIGRATION_PAUSE_S: Final = 0.5
"""Seconds from one try of a migration to the next, in which the others go on."""

MIGRATION_TRIES_MAX: Final = 60
"""Tries of a migration to get its locks: a minute. What keeps a table longer is no booking."""

MIGRATION_TURN_MAX_S: Final = 120.0
"""Seconds to wait for another instance that migrates: it may fill a new column. Nobody waits behind that."""

# Holds -----------------------------------------------------------------------------------------

HOLD_SECONDS_MIN: Final = 0.001
"""Shortest hold: a millisecond, the resolution that is kept."""

SWEEP_SHOWS_MAX: Final = 500
"""Shows that one round of the sweeper looks after; the rest come in the next round."""

BATCH_RECORDS_KEPT_S: Final = 3_600.0
"""Seconds a batch's record is kept for telling whether it was committed; far above any retry."""

FORGET_EVERY_S: Final = 60.0
"""Seconds between two clearings of those records and of old keys: each a short statement."""

# What is over --------------------------------------------------------------------------------

FORGET_KEYS_MAX: Final = 5_000
"""Idempotency keys that one statement clears away, some 50 ms; while more are due, one follows each sweep."""

ARCHIVE_ROWS_MAX: Final = 2_000
"""Rows that one transaction moves to the archive, some 50 ms: a small hall at once, a stadium in parts."""

ARCHIVE_TIME_SHARE: Final = 0.25
"""Share of the time in which the archive works; it pauses the rest of it, for sales go first."""

ARCHIVE_PAGE_SHOWS: Final = 1_000
"""Old shows that the archive looks through at once: a few milliseconds, though most are archived already."""

FORGET_CALLERS_MAX: Final = 1_000
"""Users whose locks are looked through at once, some 10 ms: their holds wait so long."""
