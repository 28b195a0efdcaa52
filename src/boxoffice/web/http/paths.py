"""One path has one spelling, so that a proxy's rule about a path and this server mean the same requests."""

from typing import Final
from urllib.parse import quote, unquote_to_bytes

_NEVER_ESCAPED: Final = (
    "/:@!$&'()*+,;=~"  # RFC 3986: besides letters, digits and -._ these stand for themselves
)


def is_plain(raw_path: bytes) -> bool:
    """Whether this is the one spelling of a path.

    No segment is empty, no character is escaped that need not be, and no escaped slash looks like a border
    between segments. A slash at the end is left to the router, which takes it.
    """
    if b"//" in raw_path:
        return False
    if b"%" not in raw_path:
        return True
    spelt = quote(unquote_to_bytes(raw_path), safe=_NEVER_ESCAPED)
    return spelt.encode().lower() == raw_path.lower()
