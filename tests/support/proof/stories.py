"""Histories made by hand: each operation with its client, its begin and end in seconds, and its answer."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from tests.chaos.history import (
    Counts,
    FinalBooking,
    History,
    Kind,
    Operation,
    Outcome,
    Refusal,
    Show,
    ToldBooking,
    ToldSeat,
)

SHOW: Final = 1
SEATS: Final = 5


def microseconds(seconds: float) -> int:
    """A time in microseconds, as histories have it."""
    return round(seconds * 1_000_000)


class Story:
    """A history of one show, which grows by each call."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.finals: dict[int, ToldBooking] = {}

    def book(self, begins: float, ends: float, booking: int, seats: list[int], **more: Any) -> Operation:
        """Seats were sold, or held for ``hold_s`` seconds from ``at``, or else from the operation's begin."""
        at = more.pop("at", begins)
        until = at + more["hold_s"] if more.get("hold_s") else 0.0
        user = more.get("user", 1)
        status = "PENDING" if until else "CONFIRMED"
        told = ToldBooking(booking, SHOW, user, seats, status, expires_us=microseconds(until))
        told.retaken_from = more.pop("retaken_from", 0)
        self.finals[booking] = ToldBooking(
            booking, SHOW, user, seats, status, 0, told.expires_us, told.retaken_from
        )
        more.setdefault("seats", seats)
        return self.add("book", begins, ends, told_booking=told, **more)

    def late(self, begins: float, ends: float, old: int, booking: int, seats: list[int]) -> Operation:
        """A late confirm took the old hold's seats again."""
        operation = self.book(begins, ends, booking, seats, retaken_from=old)
        operation.kind, operation.booking, operation.seats = "confirm", old, []
        return operation

    def act(self, kind: Kind, begins: float, ends: float, booking: int, **more: Any) -> Operation:
        """A booking was confirmed, cancelled or failed, and is still in that state at the end."""
        final = self.finals[booking]
        final.status = {"confirm": "CONFIRMED", "cancel": "CANCELLED", "fail": "FAILED"}[kind]
        final.expires_us = 0 if kind == "confirm" else final.expires_us
        told = replace(final)
        return self.add(kind, begins, ends, booking=booking, told_booking=told, **more)

    def house(self, kind: Kind, begins: float, ends: float, seats: list[int], **more: Any) -> Operation:
        """Seats were blocked or unblocked."""
        return self.add(kind, begins, ends, seats=seats, **more)

    def look(
        self, begins: float, ends: float, seats: Mapping[int, str] | None = None, *, exact: bool = True
    ) -> Operation:
        """The list of seats was read: ``{1: "sold 7", 2: "blocked"}``; the other seats were free."""
        owners = seats or {}
        told = [_told_seat(number, owners.get(number, "free")) for number in range(1, SEATS + 1)]
        return self.add("seats", begins, ends, told_seats=told, consistent=exact)

    def count(self, begins: float, ends: float, *counts: int, seq: int = 0) -> Operation:
        """The counters were read: total, free, held, sold, blocked."""
        return self.add("stats", begins, ends, told_counts=Counts(*counts), consistent=True, seq=seq)

    def refuse(self, kind: Kind, begins: float, ends: float, code: str, **more: Any) -> Operation:
        """A command was refused. ``taken``: the seats in the way. ``state``: the booking's."""
        refusal = Refusal(code, more.pop("taken", []), more.pop("state", ""))
        return self.add(kind, begins, ends, outcome="fail", refusal=refusal, **more)

    def unknown(self, kind: Kind, begins: float, **more: Any) -> Operation:
        """A command was sent and never answered."""
        return self.add(kind, begins, 0.0, outcome="info", **more)

    def add(
        self, kind: Kind, begins: float, ends: float, *, outcome: Outcome = "ok", **more: Any
    ) -> Operation:
        """Any operation."""
        number = len(self.operations) + 1
        operation = Operation(
            number,
            number,
            more.pop("user", 1),
            kind,
            SHOW,
            microseconds(begins),
            0,
            outcome=outcome,
            ended_us=microseconds(ends),
            **more,
        )
        self.operations.append(operation)
        return operation

    def expire(self, booking: int) -> None:
        """The hold is over at the end."""
        self.finals[booking].status = "EXPIRED"

    def history(self) -> History:
        """The whole history. An operation that begins when another ends overlaps it."""
        moments = [(o.began_us, False, o) for o in self.operations]
        moments += [(o.ended_us, True, o) for o in self.operations if o.outcome != "info"]
        for order, (_, ends, operation) in enumerate(sorted(moments, key=lambda m: m[:2]), start=1):
            if ends:
                operation.ended_order = order
            else:
                operation.began_order = order
        finals = [FinalBooking(booking) for booking in self.finals.values()]
        return History([Show(SHOW, SEATS)], self.operations, finals)


def _told_seat(number: int, told: str) -> ToldSeat:
    state, _, booking = told.partition(" ")
    return ToldSeat(number, state, int(booking or 0))
