"""One path has one spelling, so that a proxy's rule about a path and this server mean the same requests."""

import re
from typing import Final

_AMBIGUOUS: Final = re.compile(
    rb"//|%(?:2[DdEeFf]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee]|(?![0-9A-Fa-f]{2}))"
)


def is_plain(raw_path: bytes) -> bool:
    """Whether this is the one spelling of a path.

    No segment is empty, no letter, digit, or one of ``-._~`` is escaped, which nobody needs to escape, and no
    escaped slash looks like a border between segments. Of other characters, such as a comma, clients escape
    some and others not. A slash at the end is left to the router, which takes it.
    """
    return _AMBIGUOUS.search(raw_path) is None
