"""The commands ``boxoffice feed ...`` as an operator runs them."""

import asyncio
import json

import pytest

from boxoffice.feed.events import START
from tests.support.engine.box import open_box
from tests.support.engine.databases import connected
from tests.support.engine.feeding import feed_on
from tests.support.process.program import Program


@pytest.fixture
def fed(database: str) -> str:
    """A database with show 1 of three events, and the consumer ``shop``, which has the first of them."""

    async def fill() -> None:
        async with open_box(database) as box, feed_on(database) as feed:
            show = await box.show()
            await box.book(show)
            await box.book(show)
            await feed.cursors.create("shop", "relay", from_start=True)
            [first] = (await feed.reader.tail(show, START, 1)).events
        async with connected(database) as connection:
            await connection.execute("INSERT INTO feed_cursors VALUES (1, 'shop', 1, $1)", first.link)

    asyncio.run(fill())
    return database


def test_an_operator_sees_who_is_behind_and_sets_a_consumer_where_it_should_be(
    program: Program, fed: str
) -> None:
    settings = {"DATABASE_URL": fed}
    [told] = json.loads(program.call("feed", "list", "--json", **settings).stdout)
    assert (told["consumer"], told["events_behind"], told["shows_behind"]) == ("shop", 2, 1)
    assert "shop" in program.call("feed", "list", **settings).stdout
    assert program.call("feed", "lag", "--over", "3600", **settings).returncode == 0
    late = program.call("feed", "lag", "--over", "0", **settings)
    assert (late.returncode, "shop is" in late.stderr) == (1, True)

    assert program.call("feed", "rewind", "shop", **settings).stdout == "shop is told again: 1 shows\n"
    [told] = json.loads(program.call("feed", "list", "--json", **settings).stdout)
    assert told["events_behind"] == 3
    assert program.call("feed", "rewind", "shop", "--show", "1", "--after", "2", **settings).returncode == 0
    [told] = json.loads(program.call("feed", "list", "--json", **settings).stdout)
    assert told["events_behind"] == 1
    assert program.call("feed", "skip", "shop", **settings).returncode == 0
    [told] = json.loads(program.call("feed", "list", "--json", **settings).stdout)
    assert told["events_behind"] == 0
    assert program.call("verify", **settings).returncode == 0
    assert program.call("feed", "drop", "shop", **settings).stdout == "dropped shop\n"
    for command in ("rewind", "skip", "drop"):
        refused = program.call("feed", command, "shop", **settings)
        assert (refused.returncode, "there is no consumer shop" in refused.stderr) == (1, True)


def test_the_tail_of_a_show_is_printed_an_event_a_line(program: Program, fed: str) -> None:
    settings = {"DATABASE_URL": fed}
    lines = program.call("feed", "tail", "1", **settings).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["type"].split(".")[2] for event in events] == ["created", "booked", "booked"]
    after = events[1]["id"].removeprefix("1-")
    assert program.call("feed", "tail", "1", "--after", after, **settings).stdout.splitlines() == lines[2:]
    forked = program.call("feed", "tail", "1", "--after", "2-00000000", **settings)
    assert (forked.returncode, "is not in the history" in forked.stderr) == (1, True)
    assert program.call("feed", "tail", "1", "--after", "two", **settings).returncode == 1
