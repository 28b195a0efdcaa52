"""Conditional requests: the entity tag of an answer about a show is the number of the show's latest event.

Tags are weak (``W/``): a show at one version has a plain and a compressed form, which mean the same. Tags are
compared by what stands between the quotes, for a proxy that compresses answers makes strong tags weak.
"""

import re
from typing import Final, TypeVar

from litestar import Response
from msgspec import Struct

from boxoffice.web.http.invalid import invalid_field

A = TypeVar("A", bound=Struct)

REVALIDATE: Final = "no-cache"
"""The ``Cache-Control`` of these answers: a cache keeps an answer, but asks before each use. A 304 costs next
to nothing."""

_LIST_CHARS_MAX: Final = 4_096
"""Characters of a list of tags that is read: some hundred tags. To read 60 KB costs ten plain reads."""

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_OF_SHOW: Final = re.compile(r'W/"([0-9]{1,15})(?:-[^"]*)?"')
_VERSION: Final = re.compile(r"[0-9]{1,15}")


def etag(seq: int, form: str = "") -> str:
    """The entity tag of a show at event ``seq``; each ``form`` of representing the show has its own tag."""
    return f'W/"{seq}-{form}"' if form else f'W/"{seq}"'


def version_of(tag: str) -> int | None:
    """The event that an entity tag of a show names; None if it names none."""
    found = _OF_SHOW.fullmatch(tag)
    return None if found is None else int(found[1])


def conditional(answer: A, tag: str, if_none_match: str | None) -> Response[A | None]:
    """The answer with its tag; a 304 with the tag alone if the client has this version already."""
    headers = {"ETag": tag, "Cache-Control": REVALIDATE}
    if if_none_match is not None and matches(if_none_match, tag):
        return Response(None, status_code=304, headers=headers)
    return Response(answer, headers=headers)


def expected_seqs(if_match: str | None, if_none_match: bytes | None) -> tuple[int, ...] | None:
    """The versions of the show for which a change is meant; None: any. Raises ``InvalidInput``.

    A tag that no version of a show has is no mistake: it just never matches. ``If-None-Match: *`` is for what
    is not there yet, so no version fits.
    """
    if if_none_match is not None:
        if if_none_match != b"*":
            raise invalid_field("If-None-Match", "* or no such header", "A change takes no ETags", "header")
        return ()
    if if_match is None or if_match == "*":
        return None
    return tuple(sorted({int(tag) for tag in _tags(if_match) if _VERSION.fullmatch(tag)}))


def matches(if_none_match: str, tag: str) -> bool:
    """Whether the header If-None-Match names this entity tag, or any (``*``); no endless list does."""
    if if_none_match == "*":
        return True
    return len(if_none_match) <= _LIST_CHARS_MAX and _TAG.findall(tag)[0] in _TAG.findall(if_none_match)


def _tags(if_match: str) -> list[str]:
    """What stands between the quotes of each tag. Raises ``InvalidInput`` for what is no list of tags."""
    if len(if_match) > _LIST_CHARS_MAX:
        expected = f"a list of at most {_LIST_CHARS_MAX} characters"
        raise invalid_field("If-Match", expected, f"It has {len(if_match)}", "header")
    elements = {element.strip(" \t") for element in _TAG.sub("\0", if_match).split(",")}
    if not {"\0"} <= elements <= {"\0", ""}:
        raise invalid_field("If-Match", 'ETags of the show, such as W/"17", or *', "It is neither", "header")
    return _TAG.findall(if_match)
