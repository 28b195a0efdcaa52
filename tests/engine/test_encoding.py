"""Commands as JSON: the database reads fields by name, and a fingerprint covers only what was asked."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from boxoffice.engine.encoding import ATTRIBUTES, encoded, encoded_batch, fingerprint, key_hash
from boxoffice.vocabulary.commands import (
    BookSeats,
    CancelBooking,
    Caps,
    Command,
    ConfirmBooking,
    CreateShow,
    EraseUser,
    ExtendHold,
    UpdateShow,
)
from tests.support.engine.databases import Connection

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BOOK = BookSeats(actor="me", show_id=7, user_id=3, seat_count=2, seat_numbers=(9, 4), hold_seconds=1.5)
CAPS = Caps(6, 2, 10, 50, 86_400, 30, 600, 600)


class AskForRows(BookSeats, frozen=True, kw_only=True, tag="book"):
    """A command with a field that the engine does not know."""

    rows: list[str]


def told(command: Command[Any]) -> dict[str, Any]:
    """The members of the JSON object that are not None."""
    [members] = msgspec.json.decode(encoded_batch([command]))
    return {name: value for name, value in members.items() if value is not None}


def print_of(command: Command[Any]) -> bytes:
    return fingerprint(msgspec.to_builtins(command))


def changed(command: Command[Any], **changes: Any) -> Command[Any]:
    return msgspec.structs.replace(command, **changes)


def test_a_command_is_told_by_name_with_its_seats_in_order() -> None:
    assert told(BOOK) == {
        "kind": "book",
        "command_no": 0,
        "actor": "me",
        "show_id": 7,
        "user_id": 3,
        "seat_count": 2,
        "seat_numbers": [4, 9],
        "hold_seconds": 1.5,
    }


def test_the_commands_of_a_batch_are_numbered() -> None:
    batch = msgspec.json.decode(encoded_batch([BOOK, BOOK]))
    assert [command["command_no"] for command in batch] == [0, 1]


async def test_every_attribute_of_the_database_is_known(connection: Connection) -> None:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'engine_command'::regclass AND attnum > 0"
    )
    assert {row["attname"] for row in rows} == ATTRIBUTES


async def test_the_database_reads_members_by_name_and_ignores_those_it_does_not_know(
    connection: Connection,
) -> None:
    asked = "SELECT c.user_id, c.owner_id FROM jsonb_populate_recordset(NULL::engine_command, $1) AS c"
    [row] = await connection.fetch(asked, '[{"of_a_later_release": [1], "user_id": 3, "kind": "book"}]')
    assert dict(row) == {"user_id": 3, "owner_id": None}


def test_a_field_without_an_attribute_is_told_in_details() -> None:
    update = UpdateShow(actor="me", show_id=7, name="New", expected_seqs=(3, 5))
    assert told(update)["details"] == {"name": "New", "expected_seqs": [3, 5]}
    create = CreateShow(actor="me", name="New", start_time=NOW, total_seats=4)
    assert told(create)["details"] == {
        "name": "New",
        "start_time": "2030-01-01T00:00:00Z",
        "total_seats": 4,
        "show_type": "show",
    }
    assert told(AskForRows(actor="me", show_id=7, user_id=3, seat_count=2, rows=["A"]))["details"] == {
        "rows": ["A"]
    }
    assert "details" not in told(BOOK)


def test_whose_a_booking_must_be_and_for_whom_it_is_are_told_apart() -> None:
    cancel = CancelBooking(actor="me", origin="192.0.2.1", show_id=7, booking_id=8, owner_id=5)
    assert told(cancel).items() >= {"owner_id": 5, "origin": "192.0.2.1"}.items()
    assert "user_id" not in told(cancel)


def test_caps_are_told_as_they_are() -> None:
    for command in (
        changed(BOOK, caps=CAPS),
        ConfirmBooking(actor="me", show_id=7, booking_id=8, caps=CAPS),
        EraseUser(actor="me", user_id=3, caps=CAPS),
    ):
        assert told(command)["caps"] == msgspec.to_builtins(CAPS)


def test_a_command_with_a_key_brings_its_fingerprint_and_a_hash_of_the_key() -> None:
    command = CancelBooking(actor="me", idempotency_key="k", show_id=7, booking_id=8, reason="ill")
    assert told(command)["fingerprint"] == f"\\x{print_of(command).hex()}"
    assert told(command)["key_hash"] == f"\\x{key_hash('me', 'k').hex()}"
    assert "idempotency_key" not in told(command)
    assert len({key_hash("me", "k"), key_hash("you", "k"), key_hash("me", "j")}) == 3


def test_a_command_without_a_lane_has_a_key_of_its_own_each_time() -> None:
    erasure = EraseUser(actor="me", user_id=3)
    keys = [msgspec.json.decode(encoded(erasure))["key_hash"] for _ in range(2)]
    assert len(set(keys)) == 2
    assert {len(key) for key in keys} == {2 + 2 * 16}
    named = msgspec.json.decode(encoded(changed(erasure, idempotency_key="once-a-day")))
    assert named["key_hash"] == f"\\x{key_hash('me', 'once-a-day').hex()}"


@pytest.mark.parametrize(
    "change", [{"actor": "you"}, {"idempotency_key": "k"}, {"origin": "192.0.2.1"}, {"caps": CAPS}]
)
def test_a_fingerprint_is_of_what_is_asked_not_of_who_asks(change: dict[str, Any]) -> None:
    assert print_of(changed(BOOK, **change)) == print_of(BOOK)


@pytest.mark.parametrize(
    "change",
    [{"show_id": 8}, {"user_id": 4}, {"seat_numbers": None}, {"hold_seconds": None}, {"seat_count": 1}],
)
def test_a_fingerprint_is_of_all_that_is_asked(change: dict[str, Any]) -> None:
    assert print_of(changed(BOOK, **change)) != print_of(BOOK)


def test_a_fingerprint_tells_kinds_apart() -> None:
    fields: dict[str, Any] = {"actor": "me", "show_id": 7, "booking_id": 8}
    assert print_of(CancelBooking(**fields)) != print_of(ConfirmBooking(**fields))


def test_what_the_settings_fill_in_is_not_asked() -> None:
    confirm = ConfirmBooking(actor="me", show_id=7, booking_id=8, late="refuse")
    assert print_of(confirm) == print_of(changed(confirm, late="retake"))
    extend = ExtendHold(actor="me", show_id=7, booking_id=8, hold_seconds=60, lifetime_seconds_max=600)
    assert print_of(extend) == print_of(changed(extend, lifetime_seconds_max=900))
    assert print_of(extend) != print_of(changed(extend, hold_seconds=61))


OF_THIS_VERSION: list[tuple[Command[Any], str]] = [
    (
        BOOK,
        "e45e8135ac7ddc4fec17e81a4e801e72fc1fb8bd04244fee83ce35f86d926456",
    ),
]


@pytest.mark.parametrize(("command", "expected"), OF_THIS_VERSION)
def test_a_key_stays_good_over_an_upgrade(command: Command[Any], expected: str) -> None:
    assert print_of(command).hex() == expected
