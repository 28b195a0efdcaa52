"""What requests cost: the units that each takes of its caller's rate, known before the work begins.

A unit is worth some 0.3 ms of the event loop, which a plain read takes. Each operation names its cost.
"""

import re
from typing import Final

from msgspec import Struct

from boxoffice.vocabulary import limits

_LIMIT: Final = re.compile(rb"(?:^|&)limit=(\d{1,7})(?=&|$)")


class Cost(Struct, frozen=True):
    """What a request takes of its caller's rate: a unit, and one more for each ``per`` items that the request
    asks for by ``limit``.

    ``most``: the items of a request that names no limit. ``unit``: what the first unit costs.
    """

    unit: int = 1
    per: int = 0
    most: int = 0

    def of(self, query: bytes) -> int:
        """The cost of a request with this query. A limit that is written in an unusual way costs the most."""
        if not self.per:
            return self.unit
        limits_asked = _LIMIT.findall(query) if b"%" not in query else []
        items = min(int(limits_asked[0]), self.most) if len(limits_asked) == 1 else self.most
        return self.unit + items // self.per


PLAIN: Final = Cost()
"""A row or a few: some 0.3 ms of the event loop."""

PAGE: Final = Cost(per=100, most=limits.PAGE_ITEMS_MAX)
"""A page of a list: 1,000 items take some 4 ms to read and to write."""

SEATS: Final = Cost(per=2_000, most=limits.SEATS_LISTED_MAX)
"""A list of free seats: 20,000 take some 3 ms."""

LAGS: Final = Cost(unit=20)
"""How far consumers are behind: a look at all their cursors, of which 100,000 take some 50 ms."""

WHOLE: Final = Cost(unit=50)
"""Everything about a person, of which nobody knows how much that is."""
