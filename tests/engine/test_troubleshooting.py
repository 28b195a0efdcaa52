"""The problems that booking engines have under load: here they do not occur, or end by themselves.

docs/operations.md names these tests, and those beside them.
"""

import asyncio

import pytest

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import CancelBooking
from boxoffice.vocabulary.faults import Unavailable
from tests.support.engine.box import ACTOR, Box, done, open_box
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.engine.races import wait_until_blocked

pytestmark = pytest.mark.both_isolations


async def test_an_exhausted_pool_of_readers_is_told_in_time_stops_no_booking_and_heals(
    database: str, isolation: str, connection: Connection, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "READ_WAIT_MAX_S", 0.05)
    async with open_box(database, isolation, pool_max=2) as box:  # one connection writes, one reads
        show = await box.show()
        async with connection.transaction():
            await connection.execute("LOCK TABLE logins IN ACCESS EXCLUSIVE MODE")
            stuck = asyncio.create_task(box.reads.export_user(1))
            await wait_until_blocked(admin, application_name="boxoffice")

            with pytest.raises(Unavailable):
                await box.view(show)
            assert (await box.book(show)).seats == [1]

        assert await stuck is not None
        assert (await box.view(show)).available_seats == 9


async def test_a_crowd_that_leaves_halfway_keeps_no_connection(database: str, isolation: str) -> None:
    async with open_box(database, isolation, pool_max=2) as box:
        show = await box.show(500)
        for _ in range(3):
            crowd = [asyncio.create_task(box.book(show)) for _ in range(50)]
            crowd += [asyncio.create_task(box.book(show)) for _ in range(50)]
            await asyncio.sleep(0)
            for impatient in crowd[::2]:
                impatient.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)
        assert (await box.view(show)).available_seats <= 500 - 150
        assert await box.violations() == {}


async def test_conflicts_with_another_program_are_no_error_of_any_caller(
    box: Box, isolation: str, connection: Connection, admin: Connection
) -> None:
    """Elsewhere the client has to retry. Here the store repeats the transaction itself."""
    show = await box.show()
    booking = await box.book(show)
    async with connection.transaction():
        await connection.execute("UPDATE show_inventory SET total_places = total_places")
        cancel = asyncio.create_task(box.do(CancelBooking(actor=ACTOR, show_id=show, booking_id=booking.id)))
        await wait_until_blocked(admin, application_name="boxoffice")
    assert done(await cancel).booking.status == "CANCELLED"
    assert await box.violations() == {}


async def test_holds_that_ran_out_while_nothing_ran_are_ended_by_whoever_starts_without_a_cron_job(
    database: str, isolation: str, clock: Clock
) -> None:
    async with open_box(database, isolation) as box:
        shows = [await box.show() for _ in range(3)]
        for show in shows:
            await box.book(show, 4, hold=10)
    await clock.advance(3600)

    async with open_box(database, isolation, sweep=True) as box:

        async def ended() -> bool:
            return [(await box.view(show)).available_seats for show in shows] == [10, 10, 10]

        await eventually(ended, "the holds are ended")
        assert await box.violations() == {}
