"""Every bound of asynchronous booking, with its reason."""

from datetime import UTC, datetime
from typing import Final

from boxoffice.engine.lanes import Bounds

QUEUED_IN_SHOW_MAX: Final = 20_000
"""Requests that wait in one show: an arena. At some thousand a second the last of them is decided within
seconds, well before its time is over; with more, most would only wait to be told 'too late'."""

QUEUED_MAX: Final = 200_000
"""Requests that wait in all shows together: ten such shows. Each row has about a kilobyte."""

DECIDED_AT_ONCE: Final = 128
"""Requests of one show that are decided at once: a batch of the engine."""

SHOWS_AT_ONCE: Final = 64
"""Shows of which one process decides requests at the same time: as many as keep the engine's workers busy."""

SHOWS_LOOKED_AT: Final = 1_000
"""Shows that one look finds: many times those that are decided at the same time."""

LOOK_EVERY_S: Final = 0.2
"""Seconds between two looks for requests that another process has noted. Those of this process wake it."""

PAUSE_S: Final = 0.5
"""Seconds until the next try after a fault: the engine has tried for its whole budget by then."""

COUNT_EVERY_S: Final = 2.0
"""Seconds between two counts of all that wait. A count of ``QUEUED_MAX`` rows takes some 20 ms."""

POLL_EVERY_S: Final = 0.25
"""Seconds between two looks for answers that another process has written, one query for all who wait."""

WAIT_MAX_S: Final = 30.0
"""Seconds that a caller may have an answer wait for: below the 60 s after which proxies give up."""

WAITERS_MAX: Final = 10_000
"""Callers of one process that wait for answers: each is an open connection. Further ones are told at once how
things stand, and ask again."""

RETRY_AFTER_S: Final = 1
"""Seconds after which the caller of a ticket may well ask again."""

STREAM_PING_S: Final = 15.0
"""Seconds between two lines of a stream in which nothing happens: proxies close what is silent for 60 s."""

FORGET_EVERY_S: Final = 60.0
"""Seconds between two looks for answers that are too old to be kept."""

FORGET_ROWS_MAX: Final = 5_000
"""Answers that one statement deletes, in some 50 ms."""

NOTICES_MAX: Final = 10_000
"""Notices of answered tickets that wait in a process until RabbitMQ takes them, each of half a kilobyte.
Further ones are lost: the tickets have the answers."""

NOTICES_AT_ONCE: Final = 256
"""Notices under way to RabbitMQ at the same time: two batches of the engine."""

SETTLE_MAX_S: Final = 1.0
"""Seconds that a server which ends gives the notices that still wait."""

DAWN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment that is over: a command that must not be decided from then on is refused, whatever it asks."""

INTAKE: Final = Bounds(
    lane_max=5_000,
    all_lanes_max=20_000,
    batch_max=256,
    alone_from=64,
    lanes_per_batch_max=64,
    answers_at_once=32,
    wait_max_s=10.0,
)
"""Requests that wait until they are noted. A commit takes 256 of them, of one show or of many."""
