"""The bounds of webhooks, each with its unit and its reason."""

from typing import Final

DUTY: Final = "webhooks"
"""The name of the leases under which processes share the shows (feed_leases)."""

ENDPOINTS_MAX: Final = 200
"""Most endpoints: each is compared with all shows once a minute, which takes 42 ms for 100,000 shows."""

SENDING_MAX: Final = 64
"""Most messages that a process has under way at once: enough for 4,000 a second at 15 ms an answer, few
enough for the file descriptors of any machine."""

SENDING_PER_ENDPOINT_MAX: Final = 8
"""Most messages that a process has under way to one endpoint: an eighth of all, so a slow one leaves room."""

TAIL_EVENTS: Final = 100
"""Most events of a show that are read at once, and most events of a batch. A receiver can read 100 events
(50 KB) in one request, and a process that is killed sends at most so many of a show again."""

EXCERPT_CHARS_MAX: Final = 200
"""Most characters of a failed answer that are kept: enough for a message, too few to carry a page away."""

ANSWER_BYTES_MAX: Final = 65_536
"""Most bytes of an answer that are read; then the connection is closed."""

RETRY_AFTER_MAX_S: Final = 3_600.0
"""Longest pause that an endpoint may ask for, in seconds: a mistaken date must not silence it for years."""

LANE_BLOCKED_MAX_S: Final = 3_600.0
"""Seconds for which a failing event may hold up its show; then it is parked and the show goes on."""

BREAKER_FAILURES: Final = 10
"""Failures in a row after which an endpoint counts as broken, and gets one attempt at each step alone."""

PROBE_LEASE_S: Final = 90.0
"""Seconds for which the attempt at a broken endpoint belongs to one process: longer than the longest timeout,
so that two processes do not try at once; another process takes over after it."""

DISABLED_AFTER_S: Final = 5 * 86_400.0
"""Seconds without success after which an endpoint is disabled: a long weekend and two days."""

ATTEMPTS_KEPT_DAYS: Final = 30
"""Days for which attempts are kept."""

OLD_SECRET_HOURS: Final = 24
"""Hours for which messages are signed with the old secret, too: time to bring the new one to every
receiver."""

LOOK_EVERY_S: Final = 1.0
"""Seconds between two looks at what is due. The shortest retry is 5 s, so a second more does not matter."""

HOUSEKEEPING_EVERY_S: Final = 600.0
"""Seconds between two times that old attempts are deleted."""

FOUND_MAX: Final = 1_000
"""Most shows that a comparison takes from the database; the next one takes the rest."""

DUE_MAX: Final = 100
"""Most lanes, letters or forks of an endpoint that a look takes from the database; the next look takes the
rest. More than may be under way to an endpoint, so that those under way hide no others."""

HINT_PAUSE_S: Final = 1.0
"""Seconds between two hints of a show to an endpoint: a storm of bookings becomes one request a second."""

URL_CHARS_MAX: Final = 2_000
"""Most characters of an endpoint's address: what servers and proxies take."""

REPLAY_EVENTS_MAX: Final = 100_000
"""Most events of one replay: an hour of work at 30 a second; ask again for more."""

FORGOTTEN_MAX: Final = 10_000
"""Most attempts that are deleted at once, so that a deletion stays far below the timeout of statements."""

READY_MAX: Final = 10_000
"""Most shows of an endpoint that a process remembers as changed; beyond it compares all cursors later."""

STOP_WAIT_S: Final = 5.0
"""Seconds that messages under way have to arrive when the process stops; later ones are sent again."""

FORK_PAUSE_S: Final = 60.0
"""Seconds until an endpoint is told of a fork again, if that did not arrive."""

FAULT_PAUSE_S: Final = 0.5
"""Seconds until the next try when the database does not answer."""

SHOWS_NAMED_MAX: Final = 1_000
"""Most shows that an endpoint names; who wants more names none, and gets all."""
