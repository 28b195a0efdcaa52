"""JSON bodies, decoded in one pass. An object that has one name twice is refused.

The decoder would take the last value, other programs on the way the first: they would see another request.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from boxoffice.web.http.invalid import invalid_field

T = TypeVar("T")


def decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    """The body as ``decode`` gives it. Raises what ``decode`` raises, and ``InvalidInput``.

    Nearly all bodies have no escapes and no string twice, be it name or value. So they have no name twice.
    The others are read once more.
    """
    value = decode(body)
    strings = body.split(b'"')[1::2]
    if b"\\" in body or len(set(strings)) < len(strings):
        json.loads(body, object_pairs_hook=_checked)
    return value


def _checked(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise invalid_field(name, "this field once", "It comes twice")
        names.add(name)
