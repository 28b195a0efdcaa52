"""Commands as rows, rows as bookings: what goes to the database is what was asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from boxoffice.database.rows import to_booking
from boxoffice.engine.batches import _cut, _fingerprint, _to_row
from boxoffice.engine.engine import _key_of
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    Caps,
    Command,
    ConfirmBooking,
    CreateShow,
    CreateUser,
    EraseUser,
    ExtendHold,
    ShowCommand,
    UpdateShow,
)
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable
from boxoffice.vocabulary.views import BookingStatus

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BOOK = BookSeats(actor="me", show_id=7, user_id=3, seat_count=2, seat_numbers=(9, 4), hold_seconds=1.5)
CAPS = Caps(6, 2, 10, 30, 600, 600)


def test_a_booking_is_told_in_columns_with_its_seats_in_order() -> None:
    assert _to_row(5, BOOK) == (
        *(5, 7, "book", "me", None, 3, 2, [4, 9], timedelta(seconds=1.5), None, None, None, None, None),
    )


def test_a_command_with_a_key_brings_its_fingerprint() -> None:
    command = CancelBooking(actor="me", idempotency_key="k", show_id=7, booking_id=8, reason="ill")
    row = _to_row(0, command)
    assert row[4:6] == (8, None)
    assert row[9:] == ("ill", None, "k", _fingerprint(command), None)


def test_seats_are_counted_by_their_numbers() -> None:
    block = BlockSeats(actor="me", show_id=7, seat_numbers=(3, 1, 2), reason="house")
    assert _to_row(0, block)[6:8] == (3, [1, 2, 3])


def test_what_has_no_column_is_told_in_details_and_nothing_else_is() -> None:
    confirm = ConfirmBooking(actor="me", show_id=7, booking_id=8)
    assert _details(confirm) == {"late": "retake"}
    update = UpdateShow(actor="me", show_id=7, name="New", expected_seq=3)
    assert _details(update) == {"name": "New", "expected_seq": 3}
    create = CreateShow(actor="me", name="New", start_time=NOW, total_seats=4)
    assert _details(create) == {
        "name": "New",
        "start_time": "2030-01-01T00:00:00Z",
        "total_seats": 4,
        "show_type": "show",
    }
    assert _to_row(0, create)[1] == 0


@pytest.mark.parametrize("change", [{"actor": "you"}, {"idempotency_key": "other"}])
def test_a_fingerprint_is_of_what_is_asked_not_of_who_asks(change: dict[str, Any]) -> None:
    assert _fingerprint(msgspec.structs.replace(BOOK, **change)) == _fingerprint(BOOK)


@pytest.mark.parametrize(
    "change",
    [{"show_id": 8}, {"user_id": 4}, {"seat_numbers": None}, {"hold_seconds": None}, {"seat_count": 1}],
)
def test_a_fingerprint_is_of_all_that_is_asked(change: dict[str, Any]) -> None:
    assert _fingerprint(msgspec.structs.replace(BOOK, **change)) != _fingerprint(BOOK)


def test_a_fingerprint_tells_kinds_apart() -> None:
    fields: dict[str, Any] = {"actor": "me", "show_id": 7, "booking_id": 8}
    assert _fingerprint(CancelBooking(**fields)) != _fingerprint(ConfirmBooking(**fields))


OF_VERSION_0_1: dict[str, Command[Any]] = {
    "6ffcbac8c55f3f81e156e74497d2479791e1b0855dc7a1ffa863630cfa134e8d": BOOK,
    "1647a0125a4284e176d44cc8c7ddde8ea89e3d53094839ac8a78e5b0b251a8d2": ConfirmBooking(
        actor="me", show_id=7, booking_id=8
    ),
    "97ebda104cfa0fce7964b7ec66ff1a64b29f0427ce45256e063e2719a4bd3efe": CancelBooking(
        actor="me", show_id=7, booking_id=8, reason="ill"
    ),
    "032696a1c83b3d8dbf4c2662327829363f5f82ac3847a6e2b80d03bea2591247": CreateUser(
        actor="me", name="John", email="j@example.com"
    ),
    "7ccc49a584fcd4a23475f54de41261e693c297e292b292f15ff7ff4cb3e23ed2": UpdateShow(
        actor="me", show_id=7, name="New", start_time=NOW
    ),
    "5e57c2d6689570658d55c3d299c30913bfb4aa1ff7fe6b18110027595fefebfb": CreateShow(
        actor="me", name="New", start_time=NOW, total_seats=4
    ),
}


@pytest.mark.parametrize("fingerprint", OF_VERSION_0_1)
def test_a_key_of_an_earlier_version_is_still_known(fingerprint: str) -> None:
    assert _fingerprint(OF_VERSION_0_1[fingerprint]).hex() == fingerprint


@pytest.mark.parametrize("change", [{"origin": "192.0.2.1"}, {"caps": CAPS}])
def test_where_a_request_came_from_and_its_caps_are_not_asked(change: dict[str, Any]) -> None:
    assert _fingerprint(msgspec.structs.replace(BOOK, **change)) == _fingerprint(BOOK)


def test_an_owner_is_told_in_the_column_of_the_user_and_the_origin_in_its_own() -> None:
    command = CancelBooking(actor="me", origin="192.0.2.1", show_id=7, booking_id=8, owner_id=5)
    row = _to_row(0, command)
    assert (row[5], row[10], row[13]) == (5, None, "192.0.2.1")
    assert _fingerprint(command) == _fingerprint(msgspec.structs.replace(command, owner_id=None, origin=None))


def test_caps_and_a_lifetime_are_told_in_details() -> None:
    assert _details(msgspec.structs.replace(BOOK, caps=CAPS)) == msgspec.to_builtins(CAPS)
    extend = ExtendHold(actor="me", show_id=7, booking_id=8, hold_seconds=1.5, lifetime_seconds_max=60)
    assert _details(extend) == {"lifetime_seconds_max": 60}
    assert _to_row(0, extend)[8] == timedelta(seconds=1.5)


def test_a_late_confirm_and_an_erasure_bring_their_caps() -> None:
    confirm = ConfirmBooking(actor="me", show_id=7, booking_id=8, caps=CAPS)
    assert _details(confirm) == {"late": "retake", "caps": msgspec.to_builtins(CAPS)}
    assert _details(EraseUser(actor="me", user_id=3, caps=CAPS)) == {"caps": msgspec.to_builtins(CAPS)}
    assert _details(EraseUser(actor="me", user_id=3)) == {}
    assert _fingerprint(confirm) == _fingerprint(msgspec.structs.replace(confirm, caps=None))


def test_what_the_settings_fill_in_is_not_asked() -> None:
    confirm = ConfirmBooking(actor="me", show_id=7, booking_id=8, late="refuse")
    assert _fingerprint(confirm) == _fingerprint(msgspec.structs.replace(confirm, late="retake"))
    extend = ExtendHold(actor="me", show_id=7, booking_id=8, hold_seconds=60, lifetime_seconds_max=600)
    longer = msgspec.structs.replace(extend, lifetime_seconds_max=900)
    assert _fingerprint(extend) == _fingerprint(longer)
    assert _fingerprint(extend) != _fingerprint(msgspec.structs.replace(extend, hold_seconds=61))


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
    row: Any = {
        "booking_id": 8,
        "user_id": 3,
        "show_id": 7,
        "status": status.value,
        "seats": [4, 9],
        "created_at": NOW,
        "updated_at": NOW,
        "expires_at": None,
        "reason": None,
        "retaken_from": None,
    }
    booking = to_booking(row)
    active = status in (BookingStatus.PENDING, BookingStatus.CONFIRMED)
    assert (booking.seats, booking.released_seats) == (([4, 9], []) if active else ([], [4, 9]))
    assert (booking.id, booking.seats_booked, booking.status) == (8, 2, status)


def _details(command: Any) -> Any:
    details = _to_row(0, command)[10]
    assert isinstance(details, str)
    return msgspec.json.decode(details)
