"""Which codings a client accepts (RFC 9110 12.5.3). This server has two: gzip, and none (``identity``)."""

import re
from functools import lru_cache
from typing import Final

_ITEM: Final = re.compile(
    rb"(?P<coding>[!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
_KEPT: Final = 64  # browsers and libraries send a few dozen values


_BYTES_MAX: Final = 256  # ten times what browsers send; a longer value is not worth its reading and keeping


def accepts_gzip(accept_encoding: bytes | None) -> bool:
    """Whether gzip is accepted, and not less welcome than an answer as it is; never for an endless value."""
    return accept_encoding is not None and len(accept_encoding) <= _BYTES_MAX and _accepts(accept_encoding)


@lru_cache(_KEPT)
def _accepts(accept_encoding: bytes) -> bool:
    """Whether gzip is accepted, and not less welcome than an answer as it is.

    A client that names no coding gets the answer as it is. So does one that accepts neither, for it has to be
    told something. An element that cannot be read counts as not sent.
    """
    weights = _weights(accept_encoding)
    anything = weights.get(b"*", 0.0)
    gzip = max(weights.get(b"gzip", anything), weights.get(b"x-gzip", 0.0))
    return gzip > 0 and gzip >= weights.get(b"identity", 0.0)


def _weights(accept_encoding: bytes) -> dict[bytes, float]:
    """The weight of each coding that is named; of a coding that is named twice, the lower."""
    weights: dict[bytes, float] = {}
    for item in accept_encoding.lower().split(b","):
        if found := _ITEM.fullmatch(item.strip(b" \t")):
            weight = float(found["weight"] or 1)
            weights[found["coding"]] = min(weight, weights.get(found["coding"], 1.0))
    return weights
