"""Batches that are cut into smaller ones, and rows that are read as bookings."""

from collections import defaultdict
from typing import Any

import msgspec
import pytest

from boxoffice.database.rows import to_booking
from boxoffice.engine.batches import _cut
from boxoffice.engine.engine import _key_of
from boxoffice.vocabulary.commands import BookSeats, ShowCommand
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable
from boxoffice.vocabulary.views import BookingStatus

BOOK = BookSeats(actor="me", show_id=7, user_id=3, seat_count=2, seat_numbers=(9, 4), hold_seconds=1.5)


def test_only_commands_with_a_key_stay_apart() -> None:
    assert _key_of(BOOK) is None
    assert _key_of(msgspec.structs.replace(BOOK, idempotency_key="k")) == (7, "me", "k")


@pytest.mark.parametrize(
    ("shows", "fault", "parts"),
    [
        ([1, 2, 1], ValueError(), [[0, 2], [1]]),
        ([1, 2, 1], Busy(), [[0, 2], [1]]),
        ([1, 1, 1], ValueError(), [[0], [1, 2]]),
        ([1, 1, 1], Busy(), [[0, 1, 2]]),
        ([1], ValueError(), [[0]]),
        ([1, 2], Unavailable(), [[0, 1]]),
        ([1, 2], OutcomeUnknown(), [[0, 1]]),
    ],
)
def test_a_batch_is_cut_where_that_helps(shows: list[int], fault: Exception, parts: list[list[int]]) -> None:
    commands: list[ShowCommand[Any]] = [msgspec.structs.replace(BOOK, show_id=show) for show in shows]
    assert _cut(commands, fault) == parts


@pytest.mark.parametrize("status", BookingStatus)
def test_a_booking_owns_its_seats_while_it_is_active(status: BookingStatus) -> None:
    given = {"booking_id": 8, "user_id": 3, "show_id": 7, "status": status.value, "places": [4, 9]}
    row: Any = defaultdict(lambda: None, given)  # what does not matter here is NULL
    booking = to_booking(row)
    active = status in (BookingStatus.PENDING, BookingStatus.CONFIRMED)
    assert (booking.seats, booking.released_seats) == (([4, 9], []) if active else ([], [4, 9]))
    assert (booking.id, booking.seats_booked, booking.status) == (8, 2, status)
