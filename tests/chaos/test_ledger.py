"""The ledger of the campaigns: it finds each acknowledged booking that the database does not have."""

import pytest

from tests.support.engine.box import open_box
from tests.support.engine.databases import Connection
from tests.support.http.client import Answer, cancel
from tests.support.proof.ledger import Ledger


def told(booking_id: int, *seats: int, status: str = "CONFIRMED") -> Answer:
    """A made-up answer to a booking request."""
    return Answer(201, {"id": booking_id, "seats": list(seats), "status": status}, "", replayed=False)


@pytest.fixture
async def ledger(database: str) -> Ledger:
    """A ledger of show 1, whose only booking is number 1 with the seats 1 and 2."""
    async with open_box(database) as box:
        await box.book(await box.show(), 2)
    return Ledger(1)


ONE = (1 << 24) + 1


async def test_what_was_told_is_there(ledger: Ledger, connection: Connection) -> None:
    ledger.acknowledge(told(ONE, 1, 2))

    assert await ledger.compare(connection) == []


@pytest.mark.parametrize(
    "answer", [told(ONE + 1, 3), told(ONE, 1), told(ONE, 1, 2, status="CANCELLED")], ids=str
)
async def test_what_was_told_and_is_not_there_is_found(
    ledger: Ledger, connection: Connection, answer: Answer
) -> None:
    ledger.unknown = 1
    ledger.acknowledge(answer)

    [sentence] = await ledger.compare(connection)
    assert sentence.startswith(f"booking {answer.data['id']} was acknowledged with {answer.seats}")


async def test_a_seat_that_its_booking_does_not_own_is_found(ledger: Ledger, connection: Connection) -> None:
    ledger.acknowledge(told(ONE, 1, 2))
    await connection.execute("DELETE FROM booking_seats WHERE place = 2")

    assert len(await ledger.compare(connection)) == 1


async def test_a_change_that_was_not_answered_may_be_there_or_not(
    ledger: Ledger, connection: Connection
) -> None:
    entry = ledger.acknowledge(told(ONE, 1, 2))
    ledger.may_become(entry, cancel(ONE))

    assert (entry.may_be, await ledger.compare(connection)) == ({"CONFIRMED", "CANCELLED"}, [])
    ledger.settle(entry, told(ONE, status="CANCELLED"))
    assert len(await ledger.compare(connection)) == 1


async def test_bookings_that_nobody_asked_for_are_found(ledger: Ledger, connection: Connection) -> None:
    [sentence] = await ledger.compare(connection)
    assert sentence.startswith("show 1: 0 bookings were never answered, but [16777217] are there")
    ledger.unknown = 1
    assert await ledger.compare(connection) == []


async def test_a_seat_that_is_sold_twice_is_found(ledger: Ledger, connection: Connection) -> None:
    ledger.unknown = 2
    await connection.execute(
        "INSERT INTO bookings "
        "SELECT (jsonb_populate_record(b, '{\"booking_id\": 16777218}')).* FROM bookings AS b"
    )

    assert await ledger.compare(connection) == [f"show 1: seat {seat} is sold 2 times" for seat in (1, 2)]
