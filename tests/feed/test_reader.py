"""The reader: every event of every show comes, once and in order, whatever transactions do."""

import asyncio
import random

import asyncpg
import pytest

from boxoffice.feed import reader
from boxoffice.feed.events import START, Position
from boxoffice.vocabulary.commands import UpdateShow
from tests.support.engine.archiving import AGE, archived
from tests.support.engine.box import ACTOR, Box, done
from tests.support.engine.box import START as START_OF_SHOWS
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection, connected
from tests.support.engine.feeding import feed_on, notebook_of


@pytest.fixture(autouse=True)
def _no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives here arrives by marks: no comparison helps."""
    monkeypatch.setattr(reader, "COMPARE_EVERY_S", 3600.0)


async def test_every_event_comes_once_and_in_order(box: Box) -> None:
    async with feed_on(box.dsn, box.engine) as feed:
        notebook = await notebook_of(feed)
        shows = [await box.show(50) for _ in range(3)]
        for _ in range(5):
            await asyncio.gather(*(box.book(show, hold=60) for show in shows for _ in range(4)))
        for show in shows:
            events = await notebook.read_until(show, 21)
            assert [event.seq for event in events] == list(range(1, 22))


async def test_events_of_another_process_come_without_a_hint(box: Box, database: str) -> None:
    show = await box.show()
    async with feed_on(database) as feed:
        notebook = await notebook_of(feed)
        await box.book(show)
        assert [event.kind for event in await notebook.read_until(show, 2)] == ["show_created", "booked"]


async def test_each_event_has_the_link_of_the_one_before(box: Box, connection: Connection) -> None:
    show = await box.show()
    await box.book(show)
    await box.book(show)
    async with feed_on(box.dsn) as feed:
        events = (await feed.reader.tail(show, START, 10)).events
    links = await connection.fetch("SELECT link FROM show_events WHERE show_id = $1 ORDER BY seq", show)
    assert [event.link for event in events] == [row["link"] for row in links]
    assert [event.prevlink for event in events] == [b"", *(row["link"] for row in links[:-1])]


async def test_a_tail_goes_on_after_its_position(box: Box) -> None:
    show = await box.show()
    for _ in range(5):
        await box.book(show)
    async with feed_on(box.dsn) as feed:
        first = await feed.reader.tail(show, START, 4)
        rest = await feed.reader.tail(show, first.events[-1].position, 4)
    assert ([e.seq for e in first.events], first.more) == ([1, 2, 3, 4], True)
    assert ([e.seq for e in rest.events], rest.more) == ([5, 6], False)


@pytest.mark.parametrize("seq", [2, 99])
async def test_a_position_that_is_not_in_the_history_is_a_fork(box: Box, seq: int) -> None:
    show = await box.show()
    await box.book(show)
    async with feed_on(box.dsn) as feed:
        tail = await feed.reader.tail(show, Position(seq, b"other"), 4)
        assert tail.forked
        assert not tail.events


async def test_a_position_that_is_not_in_the_history_is_a_fork_in_memory_too(box: Box) -> None:
    show = await box.show()
    await box.book(show)
    async with feed_on(box.dsn) as feed:
        await feed.reader.tail(show, START, 4)  # now the events are in memory
        assert (await feed.reader.tail(show, Position(1, b"other"), 4)).forked


async def test_memory_and_database_tell_the_same(box: Box) -> None:
    show = await box.show()
    for _ in range(4):
        await box.book(show)
    async with feed_on(box.dsn) as feed, feed_on(box.dsn) as other:
        tails = [await feed.reader.tail(show, START, 10)]  # brings the events into memory
        for after in [START, *(event.position for event in tails[0].events)]:
            assert await feed.reader.tail(show, after, 3) == await other.reader.tail(show, after, 3)


async def test_a_batch_that_only_ends_holds_is_seen(box: Box, clock: Clock) -> None:
    show = await box.show()
    await box.book(show, hold=30)
    async with feed_on(box.dsn) as feed:
        notebook = await notebook_of(feed)
        await clock.advance(31)
        assert await box.expire(show) == 1
        assert (await notebook.read_until(show, 3))[-1].kind == "expired"


async def test_changes_of_the_show_itself_are_seen(box: Box) -> None:
    async with feed_on(box.dsn) as feed:
        notebook = await notebook_of(feed)
        show = await box.show()
        done(await box.do(UpdateShow(actor=ACTOR, show_id=show, name="Other")))
        assert [e.kind for e in await notebook.read_until(show, 2)] == ["show_created", "show_updated"]


async def test_a_show_that_is_archived_tells_it_and_keeps_its_tail(box: Box, clock: Clock) -> None:
    show = await box.show()
    await box.book(show)
    async with feed_on(box.dsn) as feed:
        before = (await feed.reader.tail(show, START, 10)).events
        notebook = await notebook_of(feed)
        await clock.set(START_OF_SHOWS + 2 * AGE)
        await archived(box.dsn)
        events = await notebook.read_until(show, 3)
    assert events[-1].kind == "show_archived"
    assert events[:2] == before
    async with feed_on(box.dsn) as feed:
        assert (await feed.reader.tail(show, START, 10)).events == events


async def test_a_transaction_elsewhere_that_stays_open_holds_nothing_back(box: Box, database: str) -> None:
    """A reader that waits for the oldest transaction would wait for this one."""
    show = await box.show()
    other = await asyncpg.connect(database)
    try:
        await other.execute("BEGIN; CREATE TABLE kept_open ()")
        async with feed_on(box.dsn, box.engine) as feed:
            notebook = await notebook_of(feed)
            for _ in range(3):
                await box.book(show)
            assert len(await notebook.read_until(show, 4)) == 4
    finally:
        await other.close()


async def test_a_transaction_that_was_open_at_a_look_is_seen_when_it_commits(box: Box) -> None:
    """Its mark is older than marks that were seen before: a reader by highest mark would miss it."""
    slow, quick = await box.show(), await box.show()
    async with feed_on(box.dsn) as feed, connected(box.dsn) as session:
        notebook = await notebook_of(feed)
        transaction = session.transaction()
        await transaction.start()
        await session.execute(BLOCK_BY_HAND, slow)
        await box.book(quick)
        await notebook.read_until(quick, 2)
        assert 2 not in [event.seq for event in notebook.events.get(slow, [])]
        await transaction.commit()
        assert (await notebook.read_until(slow, 2))[-1].kind == "blocked"


@pytest.mark.parametrize("rounds", [25, pytest.param(1_500, marks=pytest.mark.proof)])
async def test_random_writers_are_read_whole(box: Box, rounds: int) -> None:
    """Transactions over several shows, some of them rolled back."""
    dice = random.Random(20261126)  # noqa: S311 - it chooses what a test does
    shows = [await box.show(1000) for _ in range(12)]

    async def writer(dsn: str) -> None:
        async with connected(dsn) as session:
            for _ in range(rounds):
                chosen = sorted(dice.sample(shows, dice.randint(1, 4)))
                transaction = session.transaction()
                await transaction.start()
                for show in chosen:
                    await session.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", show)
                    await session.execute(BLOCK_BY_HAND, show)
                await (transaction.rollback() if dice.random() < 0.1 else transaction.commit())

    async with feed_on(box.dsn) as feed:
        notebook = await notebook_of(feed)
        await asyncio.gather(*(writer(box.dsn) for _ in range(4)))
        async with connected(box.dsn) as session:
            rows = await session.fetch("SELECT show_id, last_seq FROM show_inventory")
        last: dict[int, int] = {row["show_id"]: row["last_seq"] for row in rows}
        for show in shows:
            if last[show] > 1:
                events = await notebook.read_until(show, last[show])
                assert [event.seq for event in events] == list(range(1, last[show] + 1))


async def test_old_marks_are_deleted_and_new_ones_stay(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MARKS_KEPT_S", -1.0)  # every mark is old at once
    await box.show()
    async with feed_on(box.dsn) as feed, connected(box.dsn) as session:
        transaction = session.transaction()
        await transaction.start()
        await session.execute("INSERT INTO feed_marks (show_id, last_seq) VALUES (9, 9)")
        await box.show()
        await feed.reader.forget()
        await transaction.commit()
        kept = await session.fetch("SELECT show_id FROM feed_marks")
        assert 9 in [row["show_id"] for row in kept]  # its transaction was not over
        await feed.reader.forget()
        assert await session.fetchval("SELECT count(*) FROM feed_marks") == 0


BLOCK_BY_HAND = """
    SELECT append_event($1, now(), jsonb_populate_record(NULL::engine_command, '{"actor": "me"}'),
                        'blocked', '{}', NULL)
"""


async def test_more_shows_of_one_transaction_than_an_answer_has_are_told_as_incomplete(box: Box) -> None:
    """As after a rewind of all shows. The same answer would come again and again."""
    for _ in range(5):
        await box.show()
    async with feed_on(box.dsn) as feed:
        await feed.cursors.create("shop", "relay")
        await feed.reader.forget()
        since = (await feed.cursors.changed(None, None, 3)).following
        await feed.cursors.rewind("shop", None, 0)
        answers = [changed := await feed.cursors.changed(since, None, 3)]
        while changed.shows and len(answers) < 9:
            answers.append(changed := await feed.cursors.changed(changed.following, None, 3))
    assert answers[-1].shows == {}
    assert [answer.complete for answer in answers].count(False) == 1


async def test_after_a_failed_look_no_mark_is_deleted_by_what_was_known_before(
    box: Box, connection: Connection
) -> None:
    """The database may have been restored: transactions have smaller numbers then."""
    await box.show()
    async with feed_on(box.dsn) as feed:
        await feed.reader.stop()  # else it might delete in the moment between these lines
        await feed.reader.forget()
        feed.reader._horizons.appendleft((-1e9, "999999999"))
        feed.reader._snapshot = None
        await feed.reader._look()
        await feed.reader.forget()
    assert await connection.fetchval("SELECT since::text::bigint FROM feed_horizon") < 999_999_999
    assert await connection.fetchval("SELECT count(*) FROM feed_marks") > 0
