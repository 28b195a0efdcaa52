"""The tables of webhooks as this domain sees them: statements by name, and rows as views.

They are asked over the connections of the feed: no sale waits for them, and none depends on them.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec

V = TypeVar("V")


class Tables(Protocol):
    """What runs statements by name. Both methods raise ``Unavailable`` or another ``Fault``."""

    async def read(self, name: str, *args: object) -> Sequence[Any]:
        """The rows of a query."""

    async def write(self, name: str, *args: object) -> Sequence[Any]:
        """The rows of a statement that changes something, and has one effect however often it runs."""


def view_of(row: Any, view: type[V]) -> V:
    """The view whose fields are named as the row's columns."""
    return msgspec.convert(dict(row), view)
