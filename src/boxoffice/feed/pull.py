"""Consumers that ask for their events, and acknowledge them when they have them."""

from datetime import UTC, datetime
from typing import Any, Final

from boxoffice.feed.cursors import Behind, Consumer
from boxoffice.feed.envelopes import envelope, rewound
from boxoffice.feed.runtime import Feed

_SHOWS_MAX: Final = 256
"""Shows that one answer looks at, so that one query reads them."""


async def pulled(feed: Feed, consumer: Consumer, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The events that the consumer has not acknowledged, as CloudEvents, at most ``limit``, in order for each
    show; and whether more are waiting. A show whose history was rewound is told once, and then left out.
    """
    shows = await feed.cursors.behind(consumer.consumer, limit=_SHOWS_MAX)
    tails = await feed.reader.tails({show.show_id: show.position for show in shows}, limit)
    told: list[dict[str, Any]] = []
    left_out = False
    for show in shows:
        tail = tails[show.show_id]
        if tail.forked:
            told.append(await _rewound(feed, consumer, show))
        events = [envelope(event, feed.source, personal=consumer.personal) for event in tail.events]
        room = max(limit - len(told), 0)
        told += events[:room]
        left_out = left_out or len(events) > room
    more = left_out or len(shows) == _SHOWS_MAX or any(tail.more for tail in tails.values())
    return told, more


async def _rewound(feed: Feed, consumer: Consumer, show: Behind) -> dict[str, Any]:
    await feed.cursors.note_fork(consumer.consumer, show.show_id, show.position)
    await feed.cursors.note_fork_told(consumer.consumer, show.show_id)
    return rewound(show.show_id, show.position, show.last_seq, feed.source, datetime.now(UTC))
