"""Conditional requests: the ETag of an answer about a show is the number of the show's latest event."""

import re
from typing import Final, TypeVar

from litestar import Response
from msgspec import Struct

from boxoffice.web.http.invalid import invalid_field

A = TypeVar("A", bound=Struct)

REVALIDATE: Final = "no-cache"
"""The ``Cache-Control`` of these answers: a cache keeps an answer, but asks before each use. A 304 costs next
to nothing."""

# A proxy that compresses answers makes their tags weak (W/). The number in a weak tag is still exact.
_VERSION: Final = re.compile(r'(?:W/)?"(\d{1,15})"')
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")|\*')


def etag(seq: int, form: str = "") -> str:
    """The entity tag of a show at event ``seq``; each ``form`` of representing the show has its own tag."""
    return f'"{seq}-{form}"' if form else f'"{seq}"'


def conditional(answer: A, tag: str, if_none_match: str | None) -> Response[A | None]:
    """The answer with its tag; a 304 with the tag alone if the client has this version already."""
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
