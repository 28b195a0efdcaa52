"""A ledger of the answers that clients got about their bookings, to be compared with the database."""

from collections import Counter
from collections.abc import Iterable

import asyncpg
from msgspec import Struct, field

from tests.support.engine.databases import Connection
from tests.support.http.client import Answer, Ask

_STORED = """
    SELECT b.booking_id, b.status, b.places AS seats,
           ARRAY(SELECT s.place FROM booking_seats AS s
                 WHERE s.show_id = b.show_id AND s.booking_id = b.booking_id ORDER BY 1) AS owned
    FROM bookings AS b WHERE b.show_id = $1
"""
_BECOMES = {"confirmed": "CONFIRMED", "cancelled": "CANCELLED", "failed": "FAILED"}


class Entry(Struct):
    """A booking that was acknowledged. ``may_be``: its states, more than one while an answer is missing."""

    booking_id: int
    seats: list[int]
    may_be: set[str]


class Ledger(Struct):
    """The acknowledged bookings of one show. ``unknown``: how many booking requests were never answered."""

    show_id: int
    entries: dict[int, Entry] = field(default_factory=dict)
    unknown: int = 0

    def acknowledge(self, answer: Answer) -> Entry:
        """Record that a booking was acknowledged."""
        booking_id: int = answer.data["id"]
        entry = Entry(booking_id, answer.seats, {answer.data["status"]})
        self.entries[booking_id] = entry
        return entry

    def may_become(self, entry: Entry, ask: Ask) -> None:
        """Record that a change of a booking is sent. Until ``settle`` the change may have happened or not."""
        entry.may_be.add(_BECOMES[ask.effect])

    def settle(self, entry: Entry, answer: Answer) -> None:
        """Record the answer to that change."""
        entry.may_be = {answer.data["status"]}

    async def compare(self, connection: Connection) -> list[str]:
        """A sentence for each difference between the ledger and the database, such as a lost booking."""
        rows = {row["booking_id"]: row for row in await connection.fetch(_STORED, self.show_id)}
        told = [
            f"booking {entry.booking_id} was acknowledged with {entry.seats} as one of "
            f"{sorted(entry.may_be)}; stored: {dict(rows[no]) if no in rows else 'nothing'}"
            for no, entry in self.entries.items()
            if no not in rows or not _agrees(entry, rows[no])
        ]
        extra = rows.keys() - self.entries.keys()
        if len(extra) > self.unknown:
            told.append(
                f"show {self.show_id}: {self.unknown} bookings were never answered, "
                f"but {sorted(extra)} are there besides the acknowledged ones"
            )
        return told + _sold_twice(self.show_id, rows.values())


def _agrees(entry: Entry, row: asyncpg.Record) -> bool:
    active = row["status"] in ("PENDING", "CONFIRMED")
    may_be = entry.may_be | ({"EXPIRED"} if "PENDING" in entry.may_be else set())
    seats = sorted(row["seats"])
    return row["status"] in may_be and seats == entry.seats and row["owned"] == (seats if active else [])


def _sold_twice(show_id: int, rows: Iterable[asyncpg.Record]) -> list[str]:
    active = [row for row in rows if row["status"] in ("PENDING", "CONFIRMED")]
    buyers = Counter(seat for row in active for seat in row["seats"])
    return [
        f"show {show_id}: seat {seat} is sold {count} times" for seat, count in buyers.items() if count > 1
    ]
