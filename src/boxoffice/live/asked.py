"""What a client has already, as it says by ``after`` or ``Last-Event-ID``."""

import re
from collections.abc import Sequence
from typing import Final, Literal

from boxoffice.feed.events import Position, parse_id

SHOWS_MAX: Final = 20
"""Shows on one connection: a page of a festival. A browser has six connections to a host (HTTP/1.1)."""

Asked = Position | Literal["unknown"] | None
"""The position that a client has in a show: None: none; unknown: it says something that is no position."""

_SHOWS: Final = re.compile(rf"[1-9][0-9]{{0,8}}(?:,[1-9][0-9]{{0,8}}){{0,{SHOWS_MAX - 1}}}")


def asked_of(show_id: int, after: str) -> Asked:
    """What is asked about one show; the position may name it."""
    if not after:
        return None
    named = parse_id(after)
    if named is not None:
        return named[1] if named[0] == show_id else "unknown"
    return Position.parse(after) or "unknown"


def asked_of_many(show_ids: Sequence[int], after: str) -> dict[int, Asked]:
    """What is asked about several shows. A show that ``after`` does not name is new to the client."""
    if not after:
        return dict.fromkeys(show_ids)
    named = [parse_id(part) for part in after.split(",", SHOWS_MAX)]
    known = dict(part for part in named if part is not None)
    if len(known) < len(named):
        return dict.fromkeys(show_ids, "unknown")
    return {show_id: known.get(show_id) for show_id in show_ids}


def shows_of(text: str) -> list[int] | None:
    """The ids in a list like ``7,9``, each once; None: the text has another form."""
    return list(dict.fromkeys(map(int, text.split(",")))) if _SHOWS.fullmatch(text) else None
