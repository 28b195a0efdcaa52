"""The chain of events, computed here: from the columns as they are stored, by nothing that the database made.

link = SHA-256 of the link before it and of the content; the content is the JSON of show, seq, kind, booking,
user, places, actor, time and details (docs/decisions/0012-audit-chain.md).
"""

import json
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from boxoffice.sql import query

ROWS_AT_ONCE: Final = 2_000
"""Events that are fetched at once, a megabyte: a long history takes no more memory than a short one."""


class Link(Struct, frozen=True):
    """The last event of a show, and the link that all of its events led to."""

    show_id: int
    seq: int
    link: bytes
    at: str


class Broken(Struct, frozen=True):
    """What is wrong with the chain of a show."""

    show_id: int
    text: str


class Step(Struct, frozen=True):
    """An event as it is stored, and whether its link is the one that it must have."""

    end: Link
    holds: bool


async def steps(connection: Any) -> AsyncIterator[Step]:
    """All events, show by show in their order, each with its link tested. Needs ``program_schema`` before."""
    show_id, link = 0, b""
    async for row in connection.cursor(query("raw_events"), prefetch=ROWS_AT_ONCE):
        before = link if row["show_id"] == show_id else b""
        show_id, link = row["show_id"], bytes(row["link"])
        holds = link == sha256(before + content(row)).digest()
        yield Step(Link(show_id, row["seq"], link, row["at"]), holds)


def content(event: Mapping[str, Any]) -> bytes:
    """What a link is made of, as `event_content` in the database writes it."""
    places = event["places"].translate({ord("{"): "[", ord("}"): "]"})
    members = (
        *(str(event["show_id"]), str(event["seq"]), _text(event["kind"])),
        *(_number(event["booking_id"]), _number(event["user_id"]), places),
        *(_text(event["actor"]), _moment(event["at"]), event["details"] or "{}"),
    )
    return f"[{', '.join(members)}]".encode()


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _moment(at: str) -> str:
    return f'"{at.removesuffix("+00").replace(" ", "T")}"'
