"""What a client asks to watch, read in one way for both servers."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct

from boxoffice.live.asked import Asked, asked_of, asked_of_many, shows_of

WAIT_MAX_S: Final = 30
"""Longest wait for the next events, in seconds: below what proxies and browsers wait for an answer."""

AFTER_CHARS_MAX: Final = 700
"""Characters that are read of what a client has: positions in 20 shows, and some more. What is longer is cut,
and then it is no position."""

ONE_TEMPLATE: Final = "/api/shows/{show_id}/live"
MANY_TEMPLATE: Final = "/api/live"

_PATH: Final = "/api/shows/"
_LIVE: Final = "/live"
_KNOWN: Final = frozenset({"after", "wait", "shows"})
_WAIT: Final = re.compile(r"[0-9]{1,2}")


class LiveRequest(Struct, frozen=True):
    """The shows, each with what the client has of it. ``wait_s`` None: the client asks for a stream.
    ``after`` is the text of what the client has. ``many``: positions name their show.
    """

    asked: Mapping[int, Asked]
    after: str
    wait_s: int | None
    many: bool


def one_show(show_id: int, after: str | None, last_event_id: bytes | None, wait_s: int | None) -> LiveRequest:
    """A request about one show. A client that connects again says the newer position in the header."""
    text = _newest(after, last_event_id)
    return LiveRequest({show_id: asked_of(show_id, text)}, text, wait_s, many=False)


def many_shows(
    show_ids: list[int], after: str | None, last_event_id: bytes | None, wait_s: int | None
) -> LiveRequest:
    """A request about several shows."""
    text = _newest(after, last_event_id)
    return LiveRequest(asked_of_many(show_ids, text), text, wait_s, many=True)


def read_request(path: str, query: bytes, last_event_id: bytes | None) -> LiveRequest | None:
    """The request with this path and query. None: it is another request, or one that must be refused."""
    show_id = _show_of(path)
    if show_id is None and path != MANY_TEMPLATE:
        return None
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []
    given = dict(pairs)
    if len(given) < len(pairs) or not given.keys() <= _KNOWN or ("shows" in given) != (show_id is None):
        return None
    wait = given.get("wait")
    if wait is not None and not (_WAIT.fullmatch(wait) and int(wait) <= WAIT_MAX_S):
        return None
    wait_s, after = None if wait is None else int(wait), given.get("after")
    if show_id is not None:
        return one_show(show_id, after, last_event_id, wait_s)
    shows = shows_of(given["shows"])
    return None if shows is None else many_shows(shows, after, last_event_id, wait_s)


def _show_of(path: str) -> int | None:
    """The show of a path like ``/api/shows/7/live``."""
    if not (path.startswith(_PATH) and path.endswith(_LIVE)):
        return None
    text = path[len(_PATH) : -len(_LIVE)]
    plain = text.isascii() and text.isdecimal() and text[0] != "0" and len(text) <= 9
    return int(text) if plain else None


def _newest(after: str | None, last_event_id: bytes | None) -> str:
    if last_event_id:
        after = last_event_id.decode("latin-1")
    return (after or "")[:AFTER_CHARS_MAX]
