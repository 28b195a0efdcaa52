"""The command ``boxoffice archive`` as it is run by hand or by a timer."""

import asyncio
from datetime import timedelta

import pytest

from tests.support.engine.archiving import AGE
from tests.support.engine.box import open_box
from tests.support.engine.clock import stopped_clock
from tests.support.engine.databases import connected
from tests.support.process.program import Program


@pytest.fixture
def old_shows(database: str) -> str:
    """A database in which two shows are long over, and one was changed just now."""

    async def fill() -> None:
        async with connected(database) as connection, open_box(database) as box:
            clock = await stopped_clock(connection)
            now = clock.now
            await clock.set(now - AGE - timedelta(days=2))
            shows = [await box.show(start=clock.now) for _ in range(3)]
            for show in shows:
                await box.book(show, 2)
            await clock.set(now)
            await box.book(shows[2])
            await clock.let_go()

    asyncio.run(fill())
    return database


def test_it_says_what_it_would_do_does_it_and_has_nothing_left(program: Program, old_shows: str) -> None:
    settings = {"DATABASE_URL": old_shows}
    told = program.run("archive", "--dry-run", **settings)
    assert told.stdout.splitlines() == [
        "would archive 2 shows: 2 bookings, 4 seats, 4 events",
        "left to a later run: 1 changed lately",
    ], told.stderr
    done = program.call("archive", **settings)
    assert done.stdout.splitlines() == [
        "archived 2 shows: 2 bookings, 4 seats, 6 events",
        "left to a later run: 1 changed lately",
    ], done.stderr
    again = program.call("archive", "--older-than", "400", **settings)
    assert again.stdout == "archived 0 shows: 0 bookings, 0 seats, 0 events\n"
    assert program.call("archive", "--older-than", "0", **settings).returncode == 2
    assert program.call("verify", **settings).returncode == 0
