"""Conditional requests: the ETag of what a show says is the number of its latest event."""

import re
from typing import Final, TypeVar

from litestar import Response
from msgspec import Struct

from boxoffice.web.http.invalid import invalid_field

A = TypeVar("A", bound=Struct)

REVALIDATE: Final = "no-cache"
"""Keep it, but ask before each use: a 304 costs next to nothing."""

# A proxy that compresses weakens the tags that pass through it; the number is exact all the same.
_VERSION: Final = re.compile(r'(?:W/)?"(\d{1,15})"')
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")|\*')


def etag(seq: int, form: str = "") -> str:
    """The entity tag of a show at ``seq``; ``form`` tells representations of it apart."""
    return f'"{seq}-{form}"' if form else f'"{seq}"'


def conditional(answer: A, tag: str, if_none_match: str | None) -> Response[A | None]:
    """The answer with its tag; only the tag if the client has it already."""
    headers = {"ETag": tag, "Cache-Control": REVALIDATE}
    if if_none_match is not None and matches(if_none_match, tag):
        return Response(None, status_code=304, headers=headers)
    return Response(answer, headers=headers)


def expected_seq(if_match: str | None) -> int | None:
    """The event number that ``If-Match`` asks for; None for any. Raises ``InvalidInput``."""
    if if_match is None or if_match.strip() == "*":
        return None
    if version := _VERSION.fullmatch(if_match.strip()):
        return int(version[1])
    raise invalid_field("If-Match", 'one ETag of the show, such as "17", or *', "It is neither", "header")


def matches(if_none_match: str, tag: str) -> bool:
    """Whether the header If-None-Match names this entity tag."""
    return any(found[0] == "*" or found[1] == tag for found in _TAG.finditer(if_none_match))
