"""Crowds at one show: in whatever order the commands come, each seat is sold once and given back once."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from boxoffice.vocabulary.outcomes import BookingDone, Refused
from boxoffice.vocabulary.views import BookingStatus
from tests.support.engine.box import Box, done, open_box, refused
from tests.support.engine.databases import Connection

pytestmark = pytest.mark.both_isolations


def codes(outcomes: list[Any]) -> Counter[str]:
    """How many outcomes there are of each kind."""
    return Counter(outcome.code if isinstance(outcome, Refused) else "done" for outcome in outcomes)


async def test_of_300_who_want_the_same_two_seats_one_gets_them(box: Box, isolation: str) -> None:
    show = await box.show(100)
    async with open_box(box.dsn, isolation) as other:
        outcomes = await asyncio.gather(
            *(engine.try_book(show, seats=[17, 18]) for engine in (box, other) * 150)
        )
    assert codes(outcomes) == {"done": 1, "seats_taken": 299}
    assert outcomes.count(refused("seats_taken", seats=[17, 18], available=98)) == 299
    assert await box.violations() == {}


async def test_300_who_want_a_seat_of_100_get_100(box: Box, isolation: str) -> None:
    show = await box.show(100)
    async with open_box(box.dsn, isolation) as other:
        outcomes = await asyncio.gather(*(engine.try_book(show) for engine in (box, other) * 150))
    assert codes(outcomes) == {"done": 100, "insufficient_seats": 200}
    seats = [
        seat for outcome in outcomes if isinstance(outcome, BookingDone) for seat in outcome.booking.seats
    ]
    assert sorted(seats) == list(range(1, 101))
    assert await box.violations() == {}


async def test_of_50_cancels_one_gives_the_seats_back(box: Box, isolation: str) -> None:
    show = await box.show(10)
    booking = await box.book(show, 4)
    async with open_box(box.dsn, isolation) as other:
        outcomes = await asyncio.gather(*(engine.cancel(booking.id) for engine in (box, other) * 25))
    assert codes(outcomes) == {"done": 1, "invalid_state": 49}
    assert (await box.view(show)).available_seats == 10
    assert await box.violations() == {}


async def test_a_confirm_and_the_expiry_race_and_one_wins(
    box: Box, isolation: str, connection: Connection
) -> None:
    show = await box.show(300)
    async with open_box(box.dsn, isolation) as other:

        async def race(delay_s: float) -> BookingDone | Refused:
            held = await box.book(show, hold=0.05)
            await asyncio.sleep(delay_s)  # around the deadline, from before to after
            outcome, _ = await asyncio.gather(box.confirm(held.id, "refuse"), other.expire(show))
            assert isinstance(outcome, BookingDone) or outcome.code == "hold_expired"
            return outcome

        outcomes = await asyncio.gather(*(race(0.03 + 0.00015 * no) for no in range(200)))
        await box.engine.expire_due("sweeper")
    stats = await box.reads.stats(show)
    assert stats is not None
    won = codes(outcomes)
    assert won["done"] + won["hold_expired"] == 200
    assert (stats.bookings[BookingStatus.CONFIRMED], stats.bookings[BookingStatus.EXPIRED]) == (
        won["done"],
        won["hold_expired"],
    )
    late = """
        SELECT count(*) FROM show_events AS c JOIN show_events AS h USING (show_id, booking_id)
        WHERE c.kind = 'confirmed' AND h.kind = 'held' AND c.at >= (h.details ->> 'expires_at')::timestamptz
    """
    assert await connection.fetchval(late) == 0
    assert await box.violations() == {}


@pytest.mark.parametrize("rival", ["cancel", "fail"])
async def test_a_confirm_races_and_a_hold_ends_once(box: Box, isolation: str, rival: str) -> None:
    show = await box.show(100)
    held = [await box.book(show, hold=600) for _ in range(50)]
    async with open_box(box.dsn, isolation) as other:
        pairs = await asyncio.gather(
            *(asyncio.gather(box.confirm(booking.id), getattr(other, rival)(booking.id)) for booking in held)
        )
    for confirmed, ended in pairs:
        if isinstance(confirmed, Refused):
            assert confirmed.details == {"state": done(ended).booking.status}
        elif rival == "fail":
            assert ended == refused("invalid_state", state="CONFIRMED")
        else:
            assert done(ended).booking.status == "CANCELLED"  # a sale, too, can be cancelled
    assert await box.violations() == {}


async def test_late_confirms_and_sales_race_for_the_same_seats(box: Box, isolation: str) -> None:
    show = await box.show(60)
    held = [await box.book(show, 2, hold=0.001) for _ in range(30)]
    async with open_box(box.dsn, isolation) as other:
        retaken, sold = await asyncio.gather(
            asyncio.gather(*(box.confirm(booking.id) for booking in held)),
            asyncio.gather(*(other.try_book(show) for _ in range(60))),
        )
    seats = [
        seat
        for outcome in (*retaken, *sold)
        if isinstance(outcome, BookingDone)
        for seat in outcome.booking.seats
    ]
    assert len(seats) == len(set(seats)) == 60
    assert await box.violations() == {}
