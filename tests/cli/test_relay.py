"""``boxoffice relay``: what it says when no broker is set, and how far each broker is."""

import asyncio
import json

from tests.support.engine.box import open_box
from tests.support.engine.feeding import feed_on
from tests.support.process.program import Program


def test_without_brokers_there_is_nothing_to_run(program: Program) -> None:
    told = program.call("relay", "run")
    assert (told.returncode, told.stdout) == (1, "")
    assert "RELAY_URLS is not set; expected the addresses of brokers" in told.stderr


def test_the_status_says_how_far_each_broker_is(program: Program, database: str) -> None:
    async def fill() -> None:
        async with open_box(database) as box, feed_on(database) as feed:
            show = await box.show()
            await feed.cursors.create("relay:redis", "relay", config={"host": "cache:6379"})
            await feed.cursors.create("others", "pull")
            await box.book(show)

    asyncio.run(fill())
    told = program.call("relay", "status", "--json", DATABASE_URL=database)
    [one] = json.loads(told.stdout)
    assert (one["consumer"], one["events_behind"], one["forked_shows"]) == ("relay:redis", 1, 0)
    shown = program.call("relay", "status", DATABASE_URL=database, COLUMNS="140").stdout
    assert "relay:redis" in shown
    assert "cache:6379" in shown
    assert "others" not in shown
