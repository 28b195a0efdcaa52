"""Events as the feed tells them, and positions in the history of a show."""

import re
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import asyncpg
import msgspec
from msgspec import Struct

from boxoffice.vocabulary import limits

_LINK_BYTES_TOLD: Final = 4
"""Bytes of a link in an id: two histories of one show differ in them but for one case in four billion."""

_ID: Final = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,15})-([0-9a-f]{8})")
_POSITION: Final = re.compile(r"([1-9][0-9]{0,15})-([0-9a-f]{8})")


class Position(NamedTuple):
    """A place in the history of a show: after event ``seq``, which has this ``link``.

    The link may be cut to its first bytes, as ids tell it. Event 0 does not exist: ``START`` is before all.
    """

    seq: int
    link: bytes

    def __str__(self) -> str:
        """Such as ``812-9f3ac01b``."""
        return f"{self.seq}-{self.link[:_LINK_BYTES_TOLD].hex()}"

    def fits(self, link: bytes) -> bool:
        """Whether the event with this number has this link in the history; a cut link fits by its bytes."""
        return link.startswith(self.link) and bool(self.link)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The position of a text like ``812-9f3ac01b``; None: the text has another form."""
        match = _POSITION.fullmatch(text)
        return None if match is None else cls(int(match[1]), bytes.fromhex(match[2]))


START: Final = Position(0, b"")
"""Before the first event of a show."""


class FeedEvent(Struct, frozen=True, dict=True):
    """One event of a show with its links. The origin of the request and reasons that people gave are not
    here: no reader of the feed may see them.

    ``prevlink`` is the link of the event before; empty for the first event. ``details_json`` is the text as
    the database has it, so the same event gives the same bytes at any time.
    """

    show_id: int
    seq: int
    kind: str
    booking_id: int | None
    user_id: int | None
    places: tuple[int, ...]
    actor: str
    at: datetime
    details_json: str
    link: bytes
    prevlink: bytes

    @property
    def id(self) -> str:
        """Such as ``7-812-9f3ac01b``. The link is a part of the id: after a restore the numbers of lost
        events are given out again, and readers that drop known ids must not drop the new events.
        """
        return f"{self.show_id}-{self.position}"

    @property
    def position(self) -> Position:
        """The place after this event."""
        return Position(self.seq, self.link)

    @cached_property
    def details(self) -> dict[str, Any]:
        """The details as data."""
        told: dict[str, Any] = msgspec.json.decode(self.details_json)
        return told


def parse_id(text: str) -> tuple[int, Position] | None:
    """The show and the position of an event's id; None: the text has another form."""
    match = _ID.fullmatch(text)
    if match is None or int(match[1]) > limits.SHOW_ID_MAX:
        return None
    return int(match[1]), Position(int(match[2]), bytes.fromhex(match[3]))


def to_event(row: asyncpg.Record, prevlink: bytes) -> FeedEvent:
    """The event in a row of ``feed_tails.sql``."""
    return FeedEvent(
        show_id=row["show_id"],
        seq=row["seq"],
        kind=row["kind"],
        booking_id=row["booking_id"],
        user_id=row["user_id"],
        places=tuple(row["places"]),
        actor=row["actor"],
        at=row["at"],
        details_json=row["details"],
        link=row["link"],
        prevlink=prevlink,
    )
