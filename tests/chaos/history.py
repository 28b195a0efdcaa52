"""The history of a storm: every operation with its begin, its end and its answer.

Times are microseconds since 1970 by the wall clock, which is the database's, too. ``*_order`` numbers the
beginnings and ends of all operations in the order in which the storm saw them. A file has one JSON line for
each operation, so that a person can read it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

Kind = Literal[
    "book", "confirm", "fail", "cancel", "block", "unblock", "resize", "seats", "stats", "show", "booking"
]
Outcome = Literal["ok", "fail", "info"]
"""``ok``: done. ``fail``: refused without effect. ``info``: not known; the effect may even come later."""

NO_EFFECT = frozenset({"overloaded", "timed_out", "shutting_down", "unavailable"})
"""The codes of a 503 that promise that the request had no effect."""

EFFECTS = frozenset({"book", "confirm", "fail", "cancel", "block", "unblock", "resize"})
"""The kinds of operations that change the database; the others are reads."""


class ToldBooking(Struct, omit_defaults=True):
    """A booking in an answer. ``seats``: those that it has or had. ``expires_us``: 0 without an expiry."""

    id: int
    show: int
    user: int
    seats: list[int]
    status: str
    created_us: int = 0
    expires_us: int = 0
    retaken_from: int = 0


class ToldSeat(Struct, omit_defaults=True):
    """A seat in a list of seats. ``booking``: 0 if the seat is free or blocked."""

    number: int
    state: str
    booking: int = 0


class Counts(Struct):
    """How many seats of a show are in each state; -1 for a number that the answer does not have."""

    total: int
    free: int
    held: int = -1
    sold: int = -1
    blocked: int = -1


class Refusal(Struct, omit_defaults=True):
    """A refusal. ``seats``: the seats in the way. ``state``: the booking's."""

    code: str
    seats: list[int] = field(default_factory=list)
    state: str = ""
    retaken_by: int = 0
    requested: int = 0
    available: int = -1


class Operation(Struct, omit_defaults=True, tag="operation", tag_field="line"):
    """One request of one client. The request asks for ``seats``, ``count``, ``hold_s`` and ``total``.

    ``count`` without ``seats`` leaves the choice to the engine; ``hold_s`` 0 sells at once. ``key`` is the
    Idempotency-Key: operations with the same key are the same request, sent again. ``failed``: the answer was
    an unexpected error of the server.
    """

    number: int
    client: int
    user: int
    kind: Kind
    show: int
    began_us: int
    began_order: int
    booking: int = 0
    seats: list[int] = field(default_factory=list)
    count: int = 0
    hold_s: float = 0.0
    total: int = 0
    consistent: bool = False
    key: str = ""
    outcome: Outcome = "info"
    ended_us: int = 0
    ended_order: int = 0
    told_booking: ToldBooking | None = None
    told_seats: list[ToldSeat] | None = None
    told_counts: Counts | None = None
    refusal: Refusal | None = None
    seq: int = 0
    failed: bool = False


class Show(Struct, tag="show", tag_field="line"):
    """A show as it was at the beginning: all its seats were free."""

    id: int
    total: int


class FinalBooking(Struct, tag="final", tag_field="line"):
    """A booking in the final list of its show, which is read when no request is under way any more."""

    booking: ToldBooking


class History(Struct):
    """The whole history of a storm."""

    shows: list[Show] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    finals: list[FinalBooking] = field(default_factory=list)


def save(history: History, path: Path) -> None:
    """Write the history to a file, one line for each show, operation and booking."""
    with path.open("wb") as out:
        for line in (*history.shows, *history.operations, *history.finals):
            out.write(msgspec.json.encode(line) + b"\n")


def load(path: Path) -> History:
    """Read a saved history. Raises ``msgspec.DecodeError`` if the file is not a history."""
    history = History()
    for line in _lines(path):
        match line:
            case Show():
                history.shows.append(line)
            case Operation():
                history.operations.append(line)
            case FinalBooking():
                history.finals.append(line)
    return history


def describe(operation: Operation) -> str:
    """The operation in a few words, for the sentence about a broken promise."""
    what = f"booking {operation.booking}" if operation.booking else ""
    if operation.kind == "book":
        what = f"seats {operation.seats}" if operation.seats else f"{operation.count} seats"
    elif operation.seats:
        what = f"seats {operation.seats}"
    told: str = operation.outcome
    if operation.refusal:
        told += f" {operation.refusal.code}"
    if operation.told_booking:
        told += f" booking {operation.told_booking.id} {operation.told_booking.status}"
    return f"#{operation.number} {operation.kind} {what} ({told})".replace("  ", " ")


def _lines(path: Path) -> Iterator[Show | Operation | FinalBooking]:
    decode = msgspec.json.Decoder(Show | Operation | FinalBooking).decode
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line)
