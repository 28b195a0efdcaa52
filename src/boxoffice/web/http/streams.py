"""Streams: answers that have no end of their own.

A stream tells its connection so. The connection then keeps no deadline for what the client reads, because the
stream looks after that itself, and asks the stream to end when the server does. Without this a stream would
be cut after a minute, or hold up the end of a server for as long as a client watches.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from litestar.types import Scope

_CONNECTION: Final = "connection"
_STREAM: Final = "stream"
_HEAD_ONLY: Final = "head_only"


class Carrier(Protocol):
    """The connection that carries a request and its answer."""

    def begin_stream(self, end: Callable[[], None]) -> None:
        """The answer is a stream from now on; ``end`` ends it, at once."""

    def abort(self) -> None:
        """Ends the connection, whatever was not read."""


def note_carrier(state: dict[str, Any], carrier: Carrier) -> None:
    """Notes in the state of a request which connection it came on."""
    state[_CONNECTION] = carrier


def begin_stream(scope: Scope, end: Callable[[], None]) -> Carrier | None:
    """Makes the answer a stream. None: the server knows no streams, and cuts them off when it ends."""
    state: dict[str, Any] = scope["state"]
    state[_STREAM] = True
    carrier: Carrier | None = state.get(_CONNECTION)
    if carrier is not None:
        carrier.begin_stream(end)
    return carrier


def is_stream(scope: Scope) -> bool:
    """Whether the answer to this request is a stream."""
    return _STREAM in scope["state"]


def note_head_only(scope: Scope) -> None:
    """Notes that the client asks for the head of the answer alone."""
    scope["state"][_HEAD_ONLY] = True


def is_head_only(scope: Scope) -> bool:
    """Whether the client asks for the head of the answer alone: a stream must not begin then."""
    return _HEAD_ONLY in scope["state"]
